/**
 * The life of a job: the states that it can be in, and the one function that moves it.
 *
 * Pure, and without a runtime import: no clock, no socket, no provider.
 *
 * @since 0.1.0
 */
import type { JobRef } from "./JobRef.ts"
import type { Artifact, Billed, Cost, Failure, Observation } from "./Reading.ts"

interface Base {
  readonly ref: JobRef
  /** When the answer that led here arrived: milliseconds since the epoch, our clock. */
  readonly at: number
  /** How many polls had begun by then, including failed ones; 0 before the first. */
  readonly polls: number
  /** The payload that led here, if the caller opted in. May contain signed URLs. */
  readonly raw?: unknown
}

/**
 * Accepted by the provider; no answer since.
 *
 * @category models
 * @since 0.1.0
 */
export interface Submitted extends Base {
  readonly _tag: "Submitted"
}

/**
 * Waiting at the provider.
 *
 * @category models
 * @since 0.1.0
 */
export interface Queued extends Base {
  readonly _tag: "Queued"
  /** Jobs ahead of this one; 0 is next. Absent if the provider does not say. */
  readonly position?: number | undefined
}

/**
 * Being made.
 *
 * @category models
 * @since 0.1.0
 */
export interface Running extends Base {
  readonly _tag: "Running"
  /** Fraction done, 0 to 1; never falls. Absent if the provider does not say. */
  readonly progress?: number | undefined
  /** `estimated`: a number that a gateway made up. */
  readonly progressSource?: "reported" | "estimated" | undefined
}

/**
 * Finished: there is a video to fetch, or the provider has delivered it to a place of the caller's own.
 *
 * @category models
 * @since 0.1.0
 */
export interface Succeeded extends Base, Cost {
  readonly _tag: "Succeeded"
  /** In the order to try them. */
  readonly artifacts: readonly [Artifact, ...Array<Artifact>]
  /** Length of the video in seconds. Absent if the provider does not say. */
  readonly durationSeconds?: number | undefined
  readonly model?: string | undefined
  /** When the links expire: milliseconds since the epoch, the provider's clock. */
  readonly expiresAt?: number | undefined
  readonly billed: Billed
}

/**
 * Failed at the provider. Not an error: the job's outcome is known.
 *
 * @category models
 * @since 0.1.0
 */
export interface Failed extends Base, Cost {
  readonly _tag: "Failed"
  readonly failure: Failure
  readonly billed: Billed
}

/**
 * The provider reported, with a documented status, that the job or its result has expired.
 *
 * @category models
 * @since 0.1.0
 */
export interface Expired extends Base, Cost {
  readonly _tag: "Expired"
  readonly billed: Billed
}

/**
 * Stopped at the provider.
 *
 * @category models
 * @since 0.1.0
 */
export interface Cancelled extends Base, Cost {
  readonly _tag: "Cancelled"
  readonly by: "caller" | "provider"
  readonly billed: Billed
}

/** @category models */
export type Terminal = Succeeded | Failed | Expired | Cancelled

/** @category models */
export type JobState = Submitted | Queued | Running | Terminal

const ranks = { Submitted: 0, Queued: 1, Running: 2, Succeeded: 3, Failed: 3, Expired: 3, Cancelled: 3 } as const satisfies Record<
  JobState["_tag"],
  number
>

/**
 * How far a job has come: 0 Submitted, 1 Queued, 2 Running, 3 any terminal state. It never falls.
 *
 * @category ordering
 * @since 0.1.0
 */
export const rank = (state: JobState): 0 | 1 | 2 | 3 => ranks[state._tag]

/**
 * Whether nothing can follow a state.
 *
 * @category guards
 * @since 0.1.0
 */
export const isTerminal = (state: JobState): state is Terminal => ranks[state._tag] === 3

/**
 * The next state, or `undefined` if the observation changes nothing. Total; takes time from the observation.
 *
 * A success that names no artifact is `Failed`, with the provider's words or the code `NoArtifact`: the engine passes one on only after three
 * in a row.
 *
 * **Example** (A job that starts to run)
 *
 * ```ts
 * import { JobState } from "@reelay/core"
 *
 * const ref = { provider: "xai", kind: "generation", id: "a3d1", baseUrl: "https://api.x.ai", submittedAt: 0 } as const
 * const next = JobState.advance({ _tag: "Submitted", ref, at: 0, polls: 0 }, { _tag: "Running", progress: 0.42, at: 5000, poll: 1 })
 * next?._tag // => "Running"
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const advance = (state: JobState, seen: Observation): JobState | undefined => {
  if (isTerminal(state)) return undefined
  const base = { ref: state.ref, at: seen.at, polls: seen.poll, ...(seen.raw === undefined ? {} : { raw: seen.raw }) }
  switch (seen._tag) {
    case "Unrecognised":
    case "Missed":
    case "NotFound":
    case "Refused":
      return undefined
    case "Queued":
      if (state._tag === "Running") return undefined
      if (state._tag === "Queued" && state.position === seen.position) return undefined
      return { ...base, _tag: "Queued", position: seen.position }
    case "Running": {
      if (state._tag !== "Running") return { ...base, _tag: "Running", progress: seen.progress, progressSource: seen.progressSource }
      if (seen.progress === undefined || !(seen.progress > (state.progress ?? -1))) return undefined
      return { ...base, _tag: "Running", progress: seen.progress, progressSource: seen.progressSource }
    }
    case "Succeeded": {
      const [first, ...rest] = seen.artifacts
      const cost = costOf(seen)
      if (first === undefined) {
        return {
          ...base,
          ...cost,
          _tag: "Failed",
          failure: { ...noArtifact, ...seen.why },
          billed: billedOf({ ...seen, billed: "unknown" })
        }
      }
      return {
        ...base,
        ...cost,
        _tag: "Succeeded",
        artifacts: [first, ...rest],
        durationSeconds: seen.durationSeconds,
        model: seen.model,
        expiresAt: seen.expiresAt,
        billed: "yes"
      }
    }
    case "Failed":
      return { ...base, ...costOf(seen), _tag: "Failed", failure: seen.failure, billed: billedOf(seen) }
    case "Expired":
      return { ...base, ...costOf(seen), _tag: "Expired", billed: billedOf(seen) }
    case "Cancelled":
      return { ...base, ...costOf(seen), _tag: "Cancelled", by: seen.by, billed: billedOf(seen) }
  }
}

const noArtifact: Failure = {
  origin: "provider",
  code: "NoArtifact",
  message: "the provider says that the job is done, and names no video"
}

const costOf = ({ costSource, costUsd }: Cost): Cost => (costUsd === undefined ? {} : { costUsd, costSource })

/** A cost above zero means that the job was billed, however it ended. */
const billedOf = ({ billed, costUsd = 0 }: Cost & { readonly billed: Billed }): Billed => (costUsd > 0 ? "yes" : billed)
