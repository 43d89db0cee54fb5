/**
 * What one answer of a provider reports, in Reelay's terms.
 *
 * A provider's `interpret` makes readings, and is the only code that knows the wire format. No runtime import.
 *
 * @since 0.1.0
 */

/**
 * One answer over HTTP: any status, any bytes.
 *
 * @category models
 * @since 0.1.0
 */
export interface Answer {
  readonly operation: "submit" | "poll" | "cancel"
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The body as text, empty if there is none. */
  readonly body: string
}

/**
 * A place to get the finished video from.
 *
 * @category models
 * @since 0.1.0
 */
export interface Artifact {
  /** Often signed and temporary: keep it out of logs. A path from the root (`/v1/...`) is resolved from the API's origin. */
  readonly url: string
  /**
   * - `link`: the payload named it.
   * - `content`: the provider documents an endpoint that serves the bytes, with the key.
   * - `delivered`: the request named a place of the caller's own, and the provider has put the video there. There is nothing to download;
   *   `url` is that place, without its signature.
   */
  readonly kind: "link" | "content" | "delivered"
}

/**
 * Whether the job was charged. `unknown` if neither payload nor documentation says.
 *
 * @category models
 * @since 0.1.0
 */
export type Billed = "yes" | "no" | "unknown"

/**
 * What a job cost, if the payload says.
 *
 * @category models
 * @since 0.1.0
 */
export interface Cost {
  /** US dollars. */
  readonly costUsd?: number | undefined
  /** The source of the cost. What the upstream charged a gateway is not what the gateway charges. */
  readonly costSource?: "provider" | "upstream" | undefined
}

/**
 * When a job ended, if the payload says.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ended {
  /** Milliseconds since the epoch, the provider's clock. */
  readonly endedAt?: number | undefined
}

/**
 * Why a job ended without a video.
 *
 * @category models
 * @since 0.1.0
 */
export interface Failure {
  /** What failed it: the maker of the video, or the gateway in front of it. */
  readonly origin: "provider" | "gateway"
  /** The code in the payload, or `NoArtifact` from Reelay. Absent if none was given. */
  readonly code?: string | undefined
  /** The message in the payload, at most 500 characters. */
  readonly message: string
  /** Whether a content filter rejected it. `false` only if the payload says that none did; absent if nobody can tell. */
  readonly moderated?: boolean | undefined
}

/** @category models */
export interface Queued {
  readonly _tag: "Queued"
  /** Jobs ahead of this one; 0 is next. Absent if the provider does not say. */
  readonly position?: number | undefined
}

/** @category models */
export interface Running {
  readonly _tag: "Running"
  /** Fraction done, 0 to 1. Absent if the provider does not say. */
  readonly progress?: number | undefined
  /** `estimated`: a constant that a gateway makes up for a status (new-api reports 30 % for every running job). */
  readonly progressSource?: "reported" | "estimated" | undefined
}

/** @category models */
export interface Succeeded extends Cost, Ended {
  readonly _tag: "Succeeded"
  /** In the order to try them. Empty if the answer named none. */
  readonly artifacts: ReadonlyArray<Artifact>
  /** Why the answer named none, in the provider's own words, if it gave any. */
  readonly why?: Omit<Failure, "origin"> | undefined
  /** Length of the video in seconds. */
  readonly durationSeconds?: number | undefined
  readonly model?: string | undefined
  /** When the links expire: milliseconds since the epoch, the provider's clock. */
  readonly expiresAt?: number | undefined
}

/** @category models */
export interface Failed extends Cost, Ended {
  readonly _tag: "Failed"
  readonly failure: Failure
  readonly billed: Billed
}

/** @category models */
export interface Expired extends Cost {
  readonly _tag: "Expired"
  readonly billed: Billed
}

/** @category models */
export interface Cancelled extends Cost, Ended {
  readonly _tag: "Cancelled"
  readonly by: "caller" | "provider"
  readonly billed: Billed
}

/**
 * A status that is neither in the provider's documents nor among the shared synonyms. It never ends a job.
 *
 * @category models
 * @since 0.1.0
 */
export interface Unrecognised {
  readonly _tag: "Unrecognised"
  readonly word: string
}

/**
 * A failed poll. It counts toward the limit of consecutive failures.
 *
 * @category models
 * @since 0.1.0
 */
export interface Missed {
  readonly _tag: "Missed"
  /**
   * `payment-required`: the account is empty, and the query may succeed after a top-up. `unauthorized`: 401 or 403 for an account that is known to own
   * the job.
   */
  readonly because: "network" | "timeout" | "server" | "rate-limited" | "payment-required" | "unauthorized" | "unreadable" | "query-failed"
  /** What was seen, at most 500 characters. */
  readonly detail: string
}

/**
 * The provider does not know the job. Soon after a submission that is often wrong.
 *
 * @category models
 * @since 0.1.0
 */
export interface NotFound {
  readonly _tag: "NotFound"
  readonly detail: string
}

/**
 * An answer that polling again will not improve.
 *
 * @category models
 * @since 0.1.0
 */
export interface Refused {
  readonly _tag: "Refused"
  readonly reason: "Unauthorized" | "PaymentRequired" | "PollRejected"
  readonly status: number
  readonly code?: string | undefined
  readonly message: string
}

/**
 * A reading that may move the job.
 *
 * @category models
 * @since 0.1.0
 */
export type Telling = Queued | Running | Succeeded | Failed | Expired | Cancelled

/**
 * A reading that never moves the job: budgets and errors deal with these.
 *
 * @category models
 * @since 0.1.0
 */
export type Silent = Unrecognised | Missed | NotFound | Refused

/** @category models */
export type Reading = Telling | Silent

/**
 * What the engine adds to a reading.
 *
 * @category models
 * @since 0.1.0
 */
export interface Stamp {
  /** When the answer arrived: milliseconds since the epoch, our clock. */
  readonly at: number
  /** The number of this poll, from 1; failed polls count. */
  readonly poll: number
  /** The payload as received, if the caller opted in. May contain signed URLs. */
  readonly raw?: unknown
}

/**
 * A reading with its stamp: everything that `JobState.advance` needs.
 *
 * @category models
 * @since 0.1.0
 */
export type Observation = Stamp & Reading

/**
 * What the answer to a submission reports.
 *
 * - `Accepted`: the provider returned an id.
 * - `Declined`: certainly not accepted, and asking again will not help.
 * - `Busy`: certainly not accepted, and asking again later may help (429, or what the provider documents).
 * - `Unclear`: the job may exist and may be billed. Never submitted again by itself.
 *
 * @category models
 * @since 0.1.0
 */
export type Receipt =
  | { readonly _tag: "Accepted"; readonly id: string }
  | {
      readonly _tag: "Declined"
      readonly reason: "Unauthorized" | "PaymentRequired" | "SubmitRejected"
      readonly status: number
      readonly code?: string | undefined
      readonly message: string
    }
  | { readonly _tag: "Busy"; readonly status: number; readonly message: string }
  | { readonly _tag: "Unclear"; readonly status: number; readonly detail: string }
