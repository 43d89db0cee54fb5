/** The lint rule on `expect` outside of `it` does not know `it.effect`: this export may be used in both. */
export { expect } from "@effect/vitest"
