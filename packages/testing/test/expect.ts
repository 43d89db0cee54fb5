/** The lint rule on `expect` outside of `it` does not know `it.effect`: from here it may stand in both. */
export { expect } from "@effect/vitest"
