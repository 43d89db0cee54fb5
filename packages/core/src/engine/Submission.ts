/**
 * The life of one submission, as a pure machine: a phase, what happens, and what to do about it.
 *
 * Law 7: in its whole life it sends at most one POST that may have been accepted. Law 8: a caller that leaves before the POST has begun sends
 * nothing. No clock, no effect: times are arguments, in milliseconds on the monotonic clock. The shell is `submitting.ts`.
 */
import type { JobError } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"

/**
 * The phase of a submission.
 *
 * - `Idle`: no caller asks for it. `notBefore`: a wait that was set while one did.
 * - `Waiting`: for its admission, its intent, its connection, or the next try. Leaving sends nothing.
 * - `Sending`: the POST has begun and may be accepted. No caller that leaves aborts it. `leftAt`: since when no caller listens.
 * - `Accepted`, `Unknown`, `Refused`: final for this value. An id that comes late turns `Unknown` into `Accepted`; `sending` says whether it may.
 *   `made`: by a POST of this value, not found under its key or of the same request.
 * - `NotSent`: surely nothing was accepted. The next try begins no earlier than `notBefore`.
 */
export type Phase =
  | { readonly _tag: "Idle"; readonly notBefore: number }
  | { readonly _tag: "Waiting"; readonly step: Step; readonly attempt: number; readonly notBefore: number }
  | { readonly _tag: "Sending"; readonly attempt: number; readonly leftAt: number | undefined }
  | { readonly _tag: "Accepted"; readonly ref: JobRef; readonly made: boolean }
  | { readonly _tag: "Unknown"; readonly error: JobError; readonly sending: boolean; readonly made: boolean }
  | { readonly _tag: "Refused"; readonly error: JobError }
  | { readonly _tag: "NotSent"; readonly error: JobError; readonly notBefore: number }

/** What a waiting submission waits for. */
type Step = "turn" | "intent" | "connection" | "pause"

export type Event =
  /** A caller asks for the job. */
  | { readonly _tag: "Asked" }
  /** The last caller has left. */
  | { readonly _tag: "Left"; readonly now: number }
  /** The key is ours, and the submission was admitted. */
  | { readonly _tag: "Admitted" }
  /** The key has a job already. */
  | { readonly _tag: "Known"; readonly ref: JobRef }
  /** What was sent under this key, or for the same request, has an unknown outcome. */
  | { readonly _tag: "Blocked"; readonly error: JobError }
  /** The key belongs to another request. */
  | { readonly _tag: "Taken"; readonly error: JobError }
  | { readonly _tag: "IntentWritten" }
  /** The last check before the first byte: a connection is open. `age`: of the intent, by the clock that says more. */
  | { readonly _tag: "Ready"; readonly age: number }
  /** Surely not accepted. `wait`: until the next try; `undefined` if there is none, and then a caller may ask again from `notBefore` on. */
  | {
      readonly _tag: "Unsent"
      readonly error: JobError
      readonly wait?: number | undefined
      readonly now: number
      readonly notBefore: number
    }
  | { readonly _tag: "Paused" }
  | { readonly _tag: "Answered"; readonly ref: JobRef }
  | { readonly _tag: "Declined"; readonly error: JobError }
  /** No answer that decides it. */
  | { readonly _tag: "Lost"; readonly error: JobError }
  /** No caller has come back for as long as one that leaves waits. `leftAt` says since when. */
  | { readonly _tag: "GraceOver"; readonly leftAt: number; readonly error: JobError }

export type Command =
  /** Take the key, wait for admission. Not before the phase's `notBefore`. */
  | "Admit"
  /** Stop what the submission waits for. */
  | "Stop"
  | "WriteIntent"
  | "Connect"
  /** Send the first byte. */
  | "Send"
  /** Close the connection without a byte. */
  | "Abort"
  | "Pause"
  /** The provider has surely not accepted it: nothing may remain that looks as if it had. */
  | "RemoveIntent"
  | "KeepRef"
  | "KeepUnknown"
  /** All listeners get the outcome. */
  | "Tell"

/** How long a caller that leaves during the POST waits for the id: 10 seconds. */
export const grace = 10_000

/** An intent older than this, when the connection is ready, is not sent: other processes may have given up one that stood still. 5 seconds. */
export const freshFor = 5000

/** A submission that no caller has asked for yet. */
export const idle: Phase = { _tag: "Idle", notBefore: 0 }

type Next = readonly [Phase, ReadonlyArray<Command>]

/** What happens, and what to do. What does not fit the phase changes nothing. */
export const next = (phase: Phase, event: Event): Next => {
  switch (phase._tag) {
    case "Idle":
    case "NotSent":
      return event._tag === "Asked"
        ? [{ _tag: "Waiting", step: "turn", attempt: 1, notBefore: phase.notBefore }, ["Admit"]]
        : unchanged(phase)
    case "Waiting":
      return whileWaiting(phase, event)
    case "Sending":
      return whileSending(phase, event)
    case "Unknown":
      return whileUnknown(phase, event)
    case "Accepted":
    case "Refused":
      return unchanged(phase)
  }
}

const unchanged = (phase: Phase): Next => [phase, []]

const whileWaiting = (phase: Extract<Phase, { readonly _tag: "Waiting" }>, event: Event): Next => {
  const { attempt, notBefore, step } = phase
  const at = (expected: Step, then: Next): Next => (step === expected ? then : unchanged(phase))
  switch (event._tag) {
    case "Left":
      return [{ _tag: "Idle", notBefore }, ["Stop", "RemoveIntent"]]
    case "Admitted":
      return at("turn", [{ ...phase, step: "intent" }, ["WriteIntent"]])
    case "IntentWritten":
      return at("intent", [{ ...phase, step: "connection" }, ["Connect"]])
    case "Ready":
      return at("connection", event.age > freshFor ? [phase, ["Abort"]] : [{ _tag: "Sending", attempt, leftAt: undefined }, ["Send"]])
    case "Paused":
      return at("pause", [{ ...phase, step: "turn" }, ["Admit"]])
    case "Unsent":
      return afterUnsent(event, attempt)
    case "Known":
      return step === "connection" ? unchanged(phase) : [{ _tag: "Accepted", ref: event.ref, made: false }, ["Tell"]]
    case "Blocked":
      return step === "connection" ? unchanged(phase) : [{ _tag: "Unknown", error: event.error, sending: false, made: false }, ["Tell"]]
    case "Taken":
      return step === "connection" ? unchanged(phase) : [{ _tag: "Refused", error: event.error }, ["Tell"]]
    case "Asked":
    case "Answered":
    case "Declined":
    case "Lost":
    case "GraceOver":
      return unchanged(phase)
  }
}

const whileSending = (phase: Extract<Phase, { readonly _tag: "Sending" }>, event: Event): Next => {
  switch (event._tag) {
    case "Asked":
      return [{ ...phase, leftAt: undefined }, []]
    case "Left":
      return [{ ...phase, leftAt: event.now }, []]
    case "GraceOver":
      return phase.leftAt === event.leftAt
        ? [{ _tag: "Unknown", error: event.error, sending: true, made: true }, ["KeepUnknown", "Tell"]]
        : unchanged(phase)
    case "Answered":
      return [{ _tag: "Accepted", ref: event.ref, made: true }, ["KeepRef", "Tell"]]
    case "Declined":
      return [{ _tag: "Refused", error: event.error }, ["RemoveIntent", "Tell"]]
    case "Lost":
      return [{ _tag: "Unknown", error: event.error, sending: false, made: true }, ["KeepUnknown", "Tell"]]
    case "Unsent":
      // No caller is left that wants another try.
      return phase.leftAt === undefined
        ? afterUnsent(event, phase.attempt)
        : [{ _tag: "Idle", notBefore: event.wait === undefined ? event.notBefore : event.now + event.wait }, ["RemoveIntent", "Tell"]]
    case "Admitted":
    case "Known":
    case "Blocked":
    case "Taken":
    case "IntentWritten":
    case "Ready":
    case "Paused":
      return unchanged(phase)
  }
}

/** A caller that got an unknown outcome gets no other later, except the job itself; the journal records the truth. */
const whileUnknown = (phase: Extract<Phase, { readonly _tag: "Unknown" }>, event: Event): Next => {
  if (!phase.sending) return unchanged(phase)
  switch (event._tag) {
    case "Answered":
      return [{ _tag: "Accepted", ref: event.ref, made: true }, ["KeepRef", "Tell"]]
    case "Declined":
    case "Unsent":
      return [{ ...phase, sending: false }, ["RemoveIntent"]]
    case "Lost":
      return [{ ...phase, sending: false }, []]
    case "Asked":
    case "Left":
    case "Admitted":
    case "Known":
    case "Blocked":
    case "Taken":
    case "IntentWritten":
    case "Ready":
    case "Paused":
    case "GraceOver":
      return unchanged(phase)
  }
}

const afterUnsent = ({ error, notBefore, now, wait }: Extract<Event, { readonly _tag: "Unsent" }>, attempt: number): Next =>
  wait === undefined
    ? [{ _tag: "NotSent", error, notBefore }, ["RemoveIntent", "Tell"]]
    : [{ _tag: "Waiting", step: "pause", attempt: attempt + 1, notBefore: now + wait }, ["RemoveIntent", "Pause"]]
