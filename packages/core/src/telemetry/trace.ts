/**
 * Spans: what a trace shows of a job. decisions/0009 lists them, and says why watching has a span for each session. An attribute is never a
 * key, a URL or a prompt.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import { JobError } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import type { Provider } from "../provider/Provider.ts"

/** The spans that a job's later spans are linked to. */
interface Place {
  /** The submission or attachment that the job came from. */
  readonly origin: Tracer.ExternalSpan
  /** The last watch session. */
  readonly session?: Tracer.ExternalSpan
}

/** By the identity of a reference: a handle, its states and their download share one, and the entry is forgotten with them. */
const places = new WeakMap<JobRef, Place>()

/**
 * A span's ids only. A parent or link that is the span itself would keep everything that it has gathered, and all spans before it: a job may
 * be watched in thousands of sessions. Log lines under it do not become events of the span, which for a session of hours would be a leak too.
 */
const idsOf = ({ annotations, sampled, spanId, traceId }: Tracer.AnySpan): Tracer.ExternalSpan =>
  Tracer.externalSpan({ spanId, traceId, sampled, annotations })

export const jobOf = ({ id, kind, provider }: JobRef): Readonly<Record<string, string>> => ({
  "reelay.provider": provider,
  "reelay.job.id": id,
  "reelay.job.kind": kind
})

/** The attributes that spans of one API request share. */
export const apiOf = ({ baseUrl, definition }: Provider<never>): Readonly<Record<string, string>> => ({
  "reelay.provider": definition.name,
  "server.address": new URL(baseUrl).hostname
})

interface Options {
  readonly kind?: Tracer.SpanKind
  readonly attributes: Readonly<Record<string, unknown>>
  readonly parent?: Tracer.AnySpan | undefined
  readonly links?: ReadonlyArray<Tracer.AnySpan>
}

/**
 * Runs an effect as a span, which ends with it, however it ends. The reason of a JobError becomes `error.type`. The effect's fibers have the
 * span's ids as their parent: see `idsOf`.
 */
export const span = <A, E, R>(
  name: string,
  { attributes, kind = "internal", links = [], parent }: Options,
  use: (span: Tracer.Span) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<R, Tracer.ParentSpan>> =>
  Effect.useSpan(
    name,
    { attributes, kind, links: links.map((each) => ({ span: each, attributes: {} })), ...(parent === undefined ? {} : { parent }) },
    (made) =>
      Effect.tapError(use(made), (error) =>
        Effect.sync(() => {
          if (error instanceof JobError) made.attribute("error.type", error.reason._tag)
        })
      ).pipe(Effect.provideService(Tracer.ParentSpan, idsOf(made)))
  )

/** A span of a known job: under the caller's span, and linked to the job's; if the caller has none, under the job's. */
const around = <A, E, R>(
  name: string,
  options: Options,
  [near, ...others]: ReadonlyArray<Tracer.AnySpan | undefined>,
  use: (span: Tracer.Span) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<R, Tracer.ParentSpan>> =>
  Effect.flatMap(Effect.serviceOption(Tracer.ParentSpan), (caller) => {
    const nested = Option.isSome(caller)
    const links = (nested ? [near, ...others] : others).filter((each) => each !== undefined)
    return span(name, { ...options, links, parent: nested ? undefined : near }, use)
  })

/** Remembers the span that a job came from: its later spans belong to it. */
export const originates = (ref: JobRef, from: Tracer.Span): Effect.Effect<void> =>
  Effect.contextWith((context: Context.Context<never>) =>
    Effect.sync(() => {
      if (isTraced(context) && !Context.get(from.annotations, Tracer.DisablePropagation)) places.set(ref, { origin: idsOf(from) })
    })
  )

/** A span that is opened and ended by hand, for what has no fiber of its own. */
export interface OpenSpan {
  readonly span: Tracer.Span
  readonly end: (exit: Exit.Exit<unknown, unknown>) => void
}

const opened = (
  context: Context.Context<never>,
  name: string,
  { attributes, kind = "internal", links = [], parent }: Options
): OpenSpan => {
  const made = Effect.makeSpan(name, {
    attributes,
    kind,
    links: links.map((each) => ({ span: each, attributes: {} })),
    ...(parent === undefined ? {} : { parent })
  })
  const begun = Effect.runSyncWith(context)(made)
  return {
    span: begun,
    end: (exit) => {
      const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.findErrorOption(exit.cause)) : undefined
      if (error instanceof JobError) begun.attribute("error.type", error.reason._tag)
      begun.end(Context.get(context, Clock.Clock).currentTimeNanosUnsafe(), exit)
    }
  }
}

/** Whether somebody records spans: a tracer was provided. */
const isTraced = ({ mapUnsafe }: Context.Context<never>): boolean => mapUnsafe.has(Tracer.TracerKey)

/** One watch session. `undefined`: nobody records it. */
export const watchSession = (context: Context.Context<never>, ref: JobRef): OpenSpan | undefined => {
  if (!isTraced(context)) return undefined
  const place = places.get(ref)
  const isNested = Option.isSome(Context.getOption(context, Tracer.ParentSpan))
  const links = [isNested ? place?.origin : undefined, place?.session].filter((each) => each !== undefined)
  const session = opened(context, "reelay.job", { attributes: jobOf(ref), links, parent: isNested ? undefined : place?.origin })
  if (place !== undefined) places.set(ref, { ...place, session: idsOf(session.span) })
  return session
}

/** One poll of a watch session. */
export const poll = (context: Context.Context<never>, provider: Provider<never>, ref: JobRef, session: OpenSpan): OpenSpan =>
  opened(context, "reelay.poll", {
    kind: "client",
    attributes: { ...apiOf(provider), ...jobOf(ref) },
    parent: idsOf(session.span)
  })

/** Any operation on a job other than watching. */
export const ofJob = <A, E, R>(
  name: string,
  ref: JobRef,
  attributes: Readonly<Record<string, string>>,
  use: (span: Tracer.Span) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, Exclude<R, Tracer.ParentSpan>> =>
  Effect.suspend(() => {
    const place = places.get(ref)
    return around(name, { kind: "client", attributes: { ...attributes, ...jobOf(ref) } }, [place?.session ?? place?.origin], use)
  })
