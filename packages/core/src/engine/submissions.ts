/** Finds the submission of a request: a new one, or that of its key. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { JobError } from "../job/JobError.ts"
import type { EntryKey } from "../journal/entryWriter.ts"
import { type Damaged, type Entry, Journal, refOf, type Tombstone } from "../journal/Journal.ts"
import { askedOf, digestOf, idInBatch, idOfKey, isSameJob } from "../journal/keys.ts"
import { keysOf, memory, nameOfKey } from "../journal/memory.ts"
import { refusal, refuseProvider } from "../provider/check.ts"
import type { Provider } from "../provider/Provider.ts"
import type { ApiTransport } from "../transport/Transport.ts"
import { anotherRequest } from "./driver.ts"
import { timesOf } from "./options.ts"
import type { SubmitOptions } from "./options.ts"
import { idle, type Phase } from "./Submission.ts"
import { live, startOf, Submission } from "./submitting.ts"

/** The options of a batch alone. */
export interface Batched {
  readonly batch?: string | undefined
}

/** Refuses what can be refused before a byte is sent, and makes the value; or finds the one that the key has. */
export const submission = Effect.fnUntraced(function* <Request>(
  provider: Provider<Request>,
  request: Request,
  options: SubmitOptions & Batched
): Effect.fn.Return<Submission, JobError, ApiTransport> {
  const prepared = yield* prepare(provider, request, options)
  const digest = yield* digestOf(prepared.submit.call)
  const journal = Option.getOrUndefined(yield* Effect.serviceOption(Journal))
  const mine = yield* memory
  const { batch, key } = options
  const make = (place: EntryKey | undefined, start: Phase) =>
    Effect.map(Effect.context<ApiTransport>(), (context) => live(prepared, digest, journal, mine, place, start, context))
  if (key === undefined) return yield* make(undefined, idle)
  const place = { id: batch === undefined ? idOfKey(key) : idInBatch(batch, key), key, batch }
  const there = journal === undefined ? undefined : yield* journal.read(place.id)
  // One step from here on, so that two callers that come at once with one key get one value.
  const keys = keysOf(mine, journal)
  const name = nameOfKey(journal, askedOf(provider), place.id)
  const known = keys.get(name)
  const value = known?.value.deref()
  if (value instanceof Submission && isBinding(value, digest, journal !== undefined, there)) {
    if (value.digest !== digest) return yield* Effect.fail(anotherRequest(provider, place))
    value.join(options)
    return value
  }
  const outcome = journal === undefined ? known?.outcome : undefined
  if (outcome !== undefined && known !== undefined && known.digest !== digest) return yield* Effect.fail(anotherRequest(provider, place))
  const fresh = yield* make(place, outcome === undefined ? idle : startOf(outcome))
  keys.set(name, { digest, value: new WeakRef(fresh), outcome })
  return fresh
})

/**
 * Whether a value still stands for its key. A refused one leaves no trace, one that was never sent does not bind its key to its request, and the
 * journal takes precedence if it says otherwise.
 */
const isBinding = (value: Submission, digest: string, hasJournal: boolean, there: Entry | Tombstone | Damaged | undefined): boolean => {
  const phase = value.phase()
  const entry = there === undefined || there._tag === "Damaged" ? undefined : there
  const isOwn = entry !== undefined && entry.attempt === value.attempt()
  switch (phase._tag) {
    case "Waiting":
    case "Sending":
      return true
    case "Idle":
    case "NotSent":
      // Its own entry, if any, is about to be removed.
      return (entry === undefined || isOwn) && value.digest === digest
    case "Refused":
      return false
    case "Unknown":
      return phase.made && (!hasJournal || isOwn)
    case "Accepted": {
      const ref = entry === undefined ? undefined : refOf(entry)
      // Its own attempt, even if the reference could not be written, is its job.
      return !hasJournal || isOwn || isSameJob(ref, phase.ref)
    }
  }
}

/** All that can be refused before a byte is sent. */
const prepare = Effect.fnUntraced(function* <Request>(provider: Provider<Request>, request: Request, given: SubmitOptions & Batched) {
  const { batch: _, ...options } = given
  const { definition } = provider
  const fail = refusal(provider, "submit")
  const times = timesOf(options, definition.polling)
  if (times._tag !== "Times") return yield* fail(times)
  const refused = refuseProvider(provider)
  if (refused !== undefined) return yield* fail(refused)
  const submit = yield* Effect.mapError(definition.submission(request), fail)
  return { provider, submit, times, options }
})
