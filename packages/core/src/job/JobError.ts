/**
 * Losing track of a job, or never getting one. (A job that fails is a state, not an error.)
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { phrase } from "../base/Text.ts"
import { type JobRef, type Kind, toUri } from "./JobRef.ts"
import type { JobState, Cancelled, Expired, Failed, Succeeded } from "./JobState.ts"

/** Refused before any byte was sent: which field, and which rule it breaks, as the rest of the sentence ("is 7 s; ..."). */
export class InvalidRequest extends Data.TaggedError("InvalidRequest")<{ readonly field: string; readonly rule: string }> {}

/** The key is missing, wrong, or of another account than the job's. */
export class Unauthorized extends Data.TaggedError("Unauthorized")<{ readonly detail: string }> {}

/** The account has no money left for this. */
export class PaymentRequired extends Data.TaggedError("PaymentRequired")<{ readonly detail: string }> {}

/** The provider did not accept the job, and would not if asked again. */
export class SubmitRejected extends Data.TaggedError("SubmitRejected")<{
  readonly status: number
  readonly code?: string | undefined
  readonly detail: string
}> {}

/** Sent, and no answer says whether it was accepted: the job may exist and may be billed. Never sent again by itself. */
export class SubmitUnknown extends Data.TaggedError("SubmitUnknown")<{
  readonly detail: string
  /** What helps to find the job at the provider. */
  readonly sent?: Sent | undefined
}> {}

/**
 * A POST that may have made a job.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sent {
  readonly kind: Kind
  /** When: milliseconds since the epoch, our clock. */
  readonly at: number
  readonly baseUrl: string
  /** The caller's name for the account, or a fingerprint of the key. */
  readonly account: string
  /** From `x-request-id` of the answer: what a provider's support asks for. It isn't the id of a job. */
  readonly requestId?: string | undefined
}

/** The provider kept asking to come back later. */
export class RateLimited extends Data.TaggedError("RateLimited")<{ readonly detail: string }> {}

/** No useful answer within the budget: network errors or 5xx. */
export class Unreachable extends Data.TaggedError("Unreachable")<{ readonly detail: string }> {}

/** An answer to a poll that polling again will not improve. */
export class PollRejected extends Data.TaggedError("PollRejected")<{
  readonly status: number
  readonly code?: string | undefined
  readonly detail: string
}> {}

/** Only unreadable answers within the budget. */
export class BadPayload extends Data.TaggedError("BadPayload")<{
  readonly expected: string
  /** At most 500 characters. */
  readonly excerpt: string
}> {}

/** The provider does not know the job. */
export class NotFound extends Data.TaggedError("NotFound")<{ readonly detail: string }> {}

/** The job was still running at its deadline. */
export class DeadlineExceeded extends Data.TaggedError("DeadlineExceeded")<{
  /** Milliseconds from submission or attachment. */
  readonly deadline: number
  readonly lastState: JobState["_tag"]
  readonly detail?: string | undefined
}> {}

/** The video exists, and could not be saved. */
export class DownloadFailed extends Data.TaggedError("DownloadFailed")<{
  readonly detail: string
  /** Where the provider has put the video itself, as the request asked: there is nothing to download. */
  readonly deliveredTo?: string | undefined
}> {}

/** The video is larger than the limit. */
export class ArtifactTooLarge extends Data.TaggedError("ArtifactTooLarge")<{ readonly limitBytes: number }> {}

/** An address that the key, or a request, must not go to. */
export class ForbiddenAddress extends Data.TaggedError("ForbiddenAddress")<{
  /** Scheme, host and port. */
  readonly address: string
  readonly rule: string
}> {}

/** The journal can't be read or written, or another process holds the entry. */
export class JournalFailed extends Data.TaggedError("JournalFailed")<{ readonly detail: string }> {}

/** @category models */
export type Reason =
  | InvalidRequest
  | Unauthorized
  | PaymentRequired
  | SubmitRejected
  | SubmitUnknown
  | RateLimited
  | Unreachable
  | PollRejected
  | BadPayload
  | NotFound
  | DeadlineExceeded
  | DownloadFailed
  | ArtifactTooLarge
  | ForbiddenAddress
  | JournalFailed

/** @category models */
export type Operation = "submit" | "attach" | "poll" | "download" | "cancel"

/**
 * The most that may be repeated without paying twice.
 *
 * - `submit`: certainly nothing was accepted, and a retry may succeed. The same value or call may submit again.
 * - `watch`: the job exists: attach to it, or watch it again.
 * - `download`: the video exists: fetch it again.
 * - `never`: it would not help, or may be paid for twice.
 *
 * @category models
 * @since 0.1.0
 */
export type Again = "submit" | "watch" | "download" | "never"

/**
 * The one error of Reelay. Match on its reason with `Effect.catchReason("JobError", "RateLimited", ...)` or `switch (error.reason._tag)`.
 *
 * **Example** (Keeping the reference of a lost job)
 *
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Job, type JobError, type JobRef } from "@reelay/core"
 *
 * declare const keep: (ref: JobRef.JobRef) => Effect.Effect<void>
 *
 * export const result = (handle: Job.JobHandle) =>
 *   handle.result.pipe(
 *     Effect.tapErrorTag("JobError", (error: JobError.JobError) => (error.ref === undefined ? Effect.void : keep(error.ref)))
 *   )
 * ```
 *
 * @category errors
 * @since 0.1.0
 */
export class JobError extends Data.TaggedError("JobError")<{
  readonly reason: Reason
  readonly provider: string
  readonly operation: Operation
  /** The number of this attempt or poll, from 1; 0 if nothing was sent. */
  readonly attempt: number
  /** Present once the provider has returned an id: attach with it. */
  readonly ref?: JobRef | undefined
}> {
  /** The most that may be repeated without paying twice. */
  get again(): Again {
    return againOf(this)
  }

  override get message(): string {
    return sentence(this)
  }
}

/**
 * The failure of `handle.result` if the job failed.
 *
 * @category errors
 * @since 0.1.0
 */
export class JobFailed extends Data.TaggedError("JobFailed")<{ readonly state: Failed }> {
  override get message(): string {
    const { failure, ref } = this.state
    const code = phrase(failure.code ?? "")
    const reason = ended(`${phrase(failure.message) || "no reason was given"}${code === "" ? "" : ` (${code})`}`)
    return `The ${failure.origin} ended ${named(ref)}: ${reason} Billed: ${this.state.billed}.`
  }
}

/** The failure of `handle.result` if the job or its result has expired. */
export class JobExpired extends Data.TaggedError("JobExpired")<{ readonly state: Expired }> {
  override get message(): string {
    return `${named(this.state.ref)} has expired at the provider. Billed: ${this.state.billed}.`
  }
}

/** The failure of `handle.result` if the job was cancelled. */
export class JobCancelled extends Data.TaggedError("JobCancelled")<{ readonly state: Cancelled }> {
  override get message(): string {
    return `${named(this.state.ref)} was cancelled by the ${this.state.by}. Billed: ${this.state.billed}.`
  }
}

/**
 * How a job has ended: the video, or a typed failure. Throws if it has not ended.
 *
 * @category converting
 * @since 0.1.0
 */
export const endOf = (state: JobState): Succeeded | JobFailed | JobExpired | JobCancelled => {
  switch (state._tag) {
    case "Succeeded":
      return state
    case "Failed":
      return new JobFailed({ state })
    case "Expired":
      return new JobExpired({ state })
    case "Cancelled":
      return new JobCancelled({ state })
    case "Submitted":
    case "Queued":
    case "Running":
      throw new Error(`job ${state.ref.id} has not ended`)
  }
}

/** "submit" only if nothing was accepted: with a reference there is a job. */
const againOf = ({ operation, reason, ref }: JobError): Again => {
  const watch: Again = ref === undefined && operation === "submit" ? "submit" : operation === "download" ? "download" : "watch"
  switch (reason._tag) {
    case "RateLimited":
    case "Unreachable":
    case "JournalFailed":
      return watch
    case "BadPayload":
    case "DeadlineExceeded":
      return "watch"
    case "Unauthorized":
    case "PaymentRequired":
      // The job exists and is paid for: once the account is fixed it can be watched again.
      return operation === "poll" ? "watch" : "never"
    case "DownloadFailed":
      return reason.deliveredTo === undefined ? "download" : "never"
    case "InvalidRequest":
    case "SubmitRejected":
    case "SubmitUnknown":
    case "PollRejected":
    case "NotFound":
    case "ArtifactTooLarge":
    case "ForbiddenAddress":
      return "never"
  }
}

const named = (ref: JobRef): string => `${ref.provider} job ${ref.id}`

const verbs: Record<Operation, string> = {
  submit: "Submitting to",
  attach: "Attaching to",
  poll: "Polling",
  download: "Downloading from",
  cancel: "Cancelling at"
}

/** What failed; what was seen; what is true of the job and of the money; what to do. */
const sentence = ({ attempt, operation, provider, reason, ref }: JobError): string => {
  const what = `${verbs[operation]} ${ref === undefined ? provider : named(ref)}`
  const again = ref === undefined ? "" : ` Attach again: ${toUri(ref)}`
  const running = `The job may still run and be billed.${again}`
  const seen = phrase(reasonText(reason, attempt))
  const that = (verb: string): string => ended(seen === "" ? `${what} ${verb}` : `${what} ${verb}: ${seen}`)
  switch (reason._tag) {
    case "InvalidRequest":
      return ended(`Refused before sending: ${seen || "the request can't be sent"}`)
    case "ForbiddenAddress":
      return `${ended(`Refused before sending: ${seen || "the address is forbidden"}`)}${again}`
    case "Unauthorized":
    case "PaymentRequired":
      return ref === undefined
        ? `${that("failed")} No job was made.`
        : `${that("failed")} The job is untouched. Fix that, then attach again: ${toUri(ref)}`
    case "SubmitRejected":
    case "RateLimited":
    case "Unreachable":
      return operation === "submit" ? `${that("failed")} No job was made.` : `${that("ended")} ${running}`
    case "SubmitUnknown":
      return `${that("has an unknown outcome")} The job may exist and be billed, so it is not submitted a second time. ${lookFor(provider, reason.sent)} before you submit again.`
    case "PollRejected":
    case "BadPayload":
    case "NotFound":
    case "DeadlineExceeded":
      return `${that("ended")} ${running}`
    case "DownloadFailed":
    case "ArtifactTooLarge": {
      const isDelivered = reason._tag === "DownloadFailed" && reason.deliveredTo !== undefined
      return `${that("failed")} The video is made and paid for: do not submit it again.${isDelivered ? "" : again}`
    }
    case "JournalFailed":
      return ref === undefined
        ? `${that("failed")} Nothing was sent.`
        : `${ended(`${what}: the job was made, but ${seen || "the journal failed"}`)} Keep its reference.${again}`
  }
}

/** With one stop at its end. */
const ended = (text: string): string => (/[!?！？…]$/u.test(text) ? text : `${text}.`)

/** A request that may be billed was sent: words of a client that say otherwise are about its connection, and would contradict that. */
const unsaid = (detail: string): string =>
  detail.replaceAll(/([;,:]?\s*\band)?[;,:]?\s*\b(nothing was sent|(it was |was )?not sent)\b/giu, "")

const isoOf = (at: number): string => Option.match(DateTime.make(at), { onNone: () => String(at), onSome: DateTime.formatIso })

const lookFor = (provider: string, sent: Sent | undefined): string =>
  sent === undefined
    ? `Look for it in your account at ${provider}`
    : `Look for a ${sent.kind} of ${isoOf(sent.at)} at ${sent.baseUrl}, account ${sent.account}` +
      (sent.requestId === undefined ? "" : `, request id ${sent.requestId}`)

const reasonText = (reason: Reason, attempt: number): string => {
  switch (reason._tag) {
    case "InvalidRequest":
      return `${reason.field} ${reason.rule}`
    case "ForbiddenAddress":
      return `${reason.address} ${reason.rule}`
    case "SubmitRejected":
    case "PollRejected":
      // A browser hides the status of a redirect.
      return reason.status === 0
        ? reason.detail
        : `HTTP ${reason.status} ${phrase(reason.code ?? "")}`.trim() + `, ${quoted(reason.detail)}`
    case "RateLimited":
    case "Unreachable":
      return `${phrase(reason.detail)}${attempt > 1 ? ` (attempt ${attempt})` : ""}`
    case "BadPayload":
      return `the answers were unreadable: expected ${phrase(reason.expected) || "another form"}, the last was ${quoted(reason.excerpt)}`
    case "DeadlineExceeded":
      return `still ${reason.lastState} after ${reason.deadline / 1000} s${reason.detail === undefined ? "" : `, ${reason.detail}`}`
    case "ArtifactTooLarge":
      return `the video is larger than the limit of ${reason.limitBytes} bytes`
    case "SubmitUnknown":
      return unsaid(reason.detail)
    case "Unauthorized":
    case "PaymentRequired":
    case "NotFound":
    case "DownloadFailed":
    case "JournalFailed":
      return reason.detail
  }
}

const quoted = (text: string): string => (phrase(text) === "" ? "without a body" : `"${phrase(text)}"`)
