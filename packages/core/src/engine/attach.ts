/** From a reference to a job that is watched, with what the journal knows of it. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import { monotonic } from "../base/monotonic.ts"
import type { JobError } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import * as Journal from "../journal/Journal.ts"
import { accountOf, providerAt } from "../provider/account.ts"
import { refusal, refuseProvider, refuseRef } from "../provider/check.ts"
import type { Provider } from "../provider/Provider.ts"
import * as Trace from "../telemetry/trace.ts"
import type { ApiTransport } from "../transport/Transport.ts"
import { watched } from "./watched.ts"
import type { Watch } from "./watching.ts"
import { timesOf } from "./options.ts"
import type { AttachOptions } from "./options.ts"

/** In a span that the job's later ones belong to. */
export const attaching = <E, R>(ref: JobRef, watch: Effect.Effect<Watch, E, R>): Effect.Effect<Watch, E, Exclude<R, Tracer.ParentSpan>> =>
  Trace.span("reelay.attach", { attributes: Trace.jobOf(ref) }, (span) => Effect.tap(watch, () => Trace.originates(ref, span)))

export const attached = (provider: Provider<never>, ref: JobRef, options: AttachOptions): Effect.Effect<Watch, JobError, ApiTransport> =>
  watchOf(provider, ref, remembered(ref), options)

/** A journal that can't be read must not keep a caller from a job that is paid for. */
const remembered = Effect.fnUntraced(function* (ref: JobRef): Effect.fn.Return<Journal.Entry | undefined> {
  const journal = yield* Effect.serviceOption(Journal.Journal)
  if (Option.isNone(journal)) return undefined
  return yield* Journal.find(ref).pipe(
    Effect.provideService(Journal.Journal, journal.value),
    Effect.catch(({ detail }) => Effect.as(Effect.logWarning(detail), undefined))
  )
})

/** As `attach`, for a job that this user's own process has sent the key for before: its address is trusted. */
export const reattach = (
  provider: Provider<never>,
  ref: JobRef,
  entry: Journal.Entry | undefined,
  options: AttachOptions
): Effect.Effect<Watch, JobError, ApiTransport> => watchOf(provider, ref, Effect.succeed(entry), options, true)

const watchOf = Effect.fnUntraced(function* (
  provider: Provider<never>,
  ref: JobRef,
  known: Effect.Effect<Journal.Entry | undefined>,
  options: AttachOptions,
  isTrusted = false
): Effect.fn.Return<Watch, JobError, ApiTransport> {
  const fail = refusal(provider, "attach", ref)
  const times = timesOf(options, provider.definition.polling)
  if (times._tag !== "Times") return yield* fail(times)
  const entry = yield* known
  const there = providerAt(provider, ref.baseUrl)
  // An entry shows that this user's own process has sent the key there before.
  const trusted = isTrusted || entry !== undefined ? there : provider
  const refused = refuseProvider(provider) ?? refuseRef(trusted, ref, { anyAccount: options.anyAccount === true })
  if (refused !== undefined) return yield* fail(refused)
  const journal = yield* Effect.serviceOption(Journal.Journal)
  if (entry !== undefined && Option.isSome(journal) && Journal.isOpen(entry)) journal.value.learn(entry)
  // A reference that was pasted does not say what was asked for.
  const asked = entry === undefined ? undefined : Journal.refOf(entry)
  const sized = asked?.model === undefined || ref.model !== undefined ? ref : { ...ref, model: asked.model, seconds: asked.seconds }
  return yield* watched(there, sized, options, times, yield* monotonic, { eager: true, owned: isOwn(provider, entry) })
})

/** The journal knows that this very account has submitted the job. */
const isOwn = (provider: Provider<never>, entry: Journal.Entry | undefined): boolean =>
  entry !== undefined && entry.account === accountOf(provider)
