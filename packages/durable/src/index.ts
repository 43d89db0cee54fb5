/**
 * Reelay on more than one machine: many workers on one SQL database, and no job lost or paid for twice.
 *
 * @since 0.1.0
 */
export * as ArtifactStore from "./artifact/ArtifactStore.ts"
export * as Durable from "./Durable.ts"
export * as DurableError from "./job/DurableError.ts"
export type { Change, DurableState, Saved, StateName, Status } from "./job/DurableState.ts"
export { open } from "./open.ts"
export { Notifications } from "./database/Notifications.ts"
export { createDurable, type ClientOptions, type DurableClient } from "./promise.ts"
