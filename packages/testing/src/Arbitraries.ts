/**
 * Generators that reach the cases that Reelay's laws are about.
 *
 * @since 0.1.0
 */
export { type Change, mutated, type Mutation } from "./arbitraries/mutation.ts"
export { ending, observations, reading, silent, succeeded } from "./arbitraries/observation.ts"
export { fromSchema } from "./arbitraries/fromSchema.ts"
export { request } from "./arbitraries/request.ts"
export { script } from "./arbitraries/script.ts"
export { type Scenario, scenario } from "./arbitraries/scenario.ts"
export { answer, json, oddWords, status, text, word } from "./arbitraries/wire.ts"
export { world } from "./arbitraries/world.ts"
