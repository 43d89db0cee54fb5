/**
 * The server half of Reelay: it keeps the key, and gives browsers video jobs as event streams.
 *
 * @since 0.1.0
 */
export type { Authorize, Authorized } from "./access/authorize.ts"
export { createRelay, type Relay } from "./createRelay.ts"
export type { Artifacts, Limits, RelayOptions } from "./jobs/options.ts"
export type { Problem, ProblemReason } from "./wire/Problem.ts"
export type { WireEntry, WireJob, WireState } from "./wire/WireState.ts"
