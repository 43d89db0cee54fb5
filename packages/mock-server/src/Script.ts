/**
 * The life of a job in the mock, as data, and the one function that reads it: a moment depends on script and time alone.
 *
 * @since 0.1.0
 */

/**
 * How a job ends. `never`: it runs for ever.
 *
 * @category models
 * @since 0.1.0
 */
export type Ending = "succeeded" | "failed" | "gateway-failed" | "moderated" | "expired" | "cancelled" | "no-url" | "never"

/**
 * Which of a provider's ways to say "moderated" is used; only xAI has more than one.
 *
 * @category models
 * @since 0.1.0
 */
export type Moderation = "http-400" | "http-400-first-code" | "failed" | "done"

/**
 * What goes wrong around the job, the job itself aside.
 *
 * @category models
 * @since 0.1.0
 */
export type Fault = "not-found-first" | "flaky" | "rate-limited" | "query-failed" | "lost-submit" | "url-expired"

/**
 * Which of a provider's documented shapes an answer takes, where there is more than one.
 *
 * @category models
 * @since 0.1.0
 */
export type Shape = "default" | "flat" | "output-url" | "every-url"

/**
 * One stretch of a job's life.
 *
 * @category models
 * @since 0.1.0
 */
export interface Phase {
  /** When it begins: a fraction of the job's duration, 0 to 1. */
  readonly from: number
  readonly state: "submitted" | "queued" | "running" | "end"
}

/**
 * What will be answered about a job, and when.
 *
 * @category models
 * @since 0.1.0
 */
export interface Script {
  /** In order of time; the first begins at 0. */
  readonly phases: ReadonlyArray<Phase>
  /** From submission to the end: milliseconds. 0 ends at once. */
  readonly duration: number
  readonly ending: Ending
  /** Absent: the provider's usual way. */
  readonly moderation?: Moderation
  readonly shape: Shape
  /** While running, the status is a word of no document. */
  readonly unknownStatus: boolean
  readonly faults: ReadonlyArray<Fault>
}

/**
 * A job as it is at one point of time.
 *
 * @category models
 * @since 0.1.0
 */
export type Moment =
  | { readonly _tag: "Submitted" }
  | { readonly _tag: "Queued" }
  /** `progress`: percent, an integer from 0 to 99. */
  | { readonly _tag: "Running"; readonly progress: number }
  | { readonly _tag: "Ended"; readonly ending: Exclude<Ending, "never"> }

/** A tenth of the time each to be accepted and to wait, the rest to run. */
const phases: ReadonlyArray<Phase> = [
  { from: 0, state: "submitted" },
  { from: 0.1, state: "queued" },
  { from: 0.2, state: "running" },
  { from: 1, state: "end" }
]

/** Share of a job's duration during which `not-found-first` hides it. */
export const hiddenShare = 0.2

/** How many polls `rate-limited` and `query-failed` spoil. */
export const spoiltPolls = 2

/**
 * The script of a job whose prompt says nothing: it succeeds after `duration` milliseconds.
 *
 * @category constructors
 * @since 0.1.0
 */
export const success = (duration: number): Script => ({
  phases,
  duration,
  ending: "succeeded",
  shape: "default",
  unknownStatus: false,
  faults: []
})

/**
 * The job `elapsed` milliseconds after its submission.
 *
 * @example
 * ```ts
 * import { Script } from "@reelay/mock-server"
 *
 * Script.momentAt(Script.success(10_000), 6_000) // { _tag: "Running", progress: 50 }
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const momentAt = (script: Script, elapsed: number): Moment => {
  const share = script.duration > 0 ? Math.max(0, elapsed) / script.duration : 1
  const phase = script.phases.findLast(({ from, state }) => from <= share && (state !== "end" || script.ending !== "never"))
  switch (phase?.state) {
    case undefined:
    case "submitted":
      return { _tag: "Submitted" }
    case "queued":
      return { _tag: "Queued" }
    case "running": {
      const end = script.phases.find(({ state }) => state === "end")?.from ?? 1
      const done = end > phase.from ? (share - phase.from) / (end - phase.from) : 1
      // 1e-9: 0.2 + 0.8 * 0.42 is a little below itself in floating point.
      return { _tag: "Running", progress: Math.min(99, Math.floor(done * 100 + 1e-9)) }
    }
    case "end":
      return script.ending === "never" ? { _tag: "Running", progress: 99 } : { _tag: "Ended", ending: script.ending }
  }
}
