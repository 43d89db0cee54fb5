/**
 * A value that changes, for every framework: what jobs and lists of jobs are, and what a client of your own makes its jobs from.
 *
 * Without a runtime import.
 *
 * @since 0.1.0
 */
export type {
  /** @category models */
  Observer,
  /** @category models */
  Source,
  /** @category models */
  Subscription
} from "./contract.ts"
export {
  /** @category constructors */
  looped
} from "./looping.ts"
export {
  /** @category constructors */
  interoperable,
  /** @category models */
  type Listen,
  /** @category constructors */
  subscriber
} from "./observing.ts"
