/**
 * What the jobs of one account share: a rate, the pause after a 429, and a circuit breaker for each address. Without it every job keeps
 * to its own pace and its own `Retry-After`.
 *
 * Requests of one account are sent in the order in which they asked, so that no job starves. A job that waits for admission has not polled yet:
 * waiting is not a failed poll, and ends with the deadline. A submission that waits has sent nothing, and can be interrupted at once.
 *
 * - A 429 pauses the whole account: as long as `Retry-After` says, else 5 seconds, doubled with each 429 in a row, up to a minute. Then one request
 *   is sent, the next about a second later, and every good answer shortens the distance: full speed is back after about ten seconds. A 429 about
 *   money pauses nothing, and an answer about pace with another status does.
 * - Five requests in a row without an answer, or with a 5xx or a proxy's page, open the circuit of that address (scheme, host, port): nothing is sent
 *   for 5 seconds, then one request as a probe; while probes fail the time doubles, up to a minute. Other 4xx count as good answers, and so does a
 *   5xx that the provider's rows read as a refusal.
 *
 * Downloads need no admission: most go to other addresses.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as RateLimiter from "effect/persistence/RateLimiter"
import { UnhandledLogLevel } from "effect/References"
import * as Schedule from "effect/Schedule"
import { monotonic } from "../base/monotonic.ts"
import type { NoAnswer } from "../transport/Transport.ts"
import { retryAfter } from "../transport/retryAfter.ts"
import { demandLimits, type Heard, isHeldBack, Limits, notAdmitted, type Options, spacingOf } from "./admission.ts"
import { memory as inMemory } from "./memory.ts"
import * as Gate from "./line.ts"
import { meaningOf } from "./meaning.ts"
import { bounded, steady, type Stores } from "./stores.ts"

export {
  /**
   * The limits of a job: those of the context in which it was submitted or attached to. Default: `none`.
   *
   * @category services
   * @since 0.1.0
   */
  Limits,
  /**
   * No shared limits: every request is admitted at once.
   *
   * @category constructors
   * @since 0.1.0
   */
  none
} from "./admission.ts"
export type {
  /** @category models */
  Account
} from "../provider/account.ts"
export type {
  /** @category models */
  Meaning
} from "./meaning.ts"
export type {
  /** @category models */
  Heard,
  /** @category models */
  Listen,
  /** @category models */
  NotAdmitted,
  /** @category models */
  Options
} from "./admission.ts"

/**
 * Limits that are kept in effect's stores. Processes that share the stores share one rate, one pause and one circuit. Each process orders its own
 * jobs. If a store fails or hangs, jobs continue without it; a warning is logged once.
 *
 * Dies with `RangeError` if a limit, a window or a number of failures is not above zero.
 *
 * **Example** (Several processes, one account)
 *
 * ```ts
 * import { Limits } from "@reelay/core"
 * import * as Layer from "effect/Layer"
 * import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
 * import * as RateLimiter from "effect/persistence/RateLimiter"
 * import type * as Redis from "effect/persistence/Redis"
 *
 * export const shared = (redis: Layer.Layer<Redis.Redis>) =>
 *   Limits.layer({ rate: { limit: 60, window: "1 minute" } }).pipe(
 *     Layer.provide([RateLimiter.layerStoreRedis({ prefix: "video:" }), CircuitBreaker.layerStoreRedis({ prefix: "video:" })]),
 *     Layer.provide(redis)
 *   )
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options?: Options): Layer.Layer<never, never, RateLimiter.RateLimiterStore | CircuitBreaker.CircuitBreakerStore> =>
  Layer.effect(
    Limits,
    Effect.gen(function* () {
      const stores = { limiter: yield* RateLimiter.RateLimiterStore, breaker: yield* CircuitBreaker.CircuitBreakerStore }
      demandLimits(options ?? {})
      return yield* make(bounded(stores), options)
    })
  )

/**
 * Limits that the jobs of this process share.
 *
 * **Example** (Many jobs under one rate)
 *
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Job, Limits } from "@reelay/core"
 * import { xai } from "@reelay/providers/xai"
 *
 * export const videos = (apiKey: string, prompts: ReadonlyArray<string>) =>
 *   Effect.forEach(
 *     prompts,
 *     (prompt) => Effect.flatMap(Job.submit(xai({ apiKey }), { prompt }), (handle) => handle.result),
 *     { concurrency: "unbounded" }
 *   ).pipe(Effect.provide(Limits.layerMemory({ rate: { limit: 60, window: "1 minute" } })))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory = (options?: Options): Layer.Layer<never> => Layer.sync(Limits, () => inMemory(options))

/**
 * The same as a plain value: for the `limits` of one client, or of several that share them.
 *
 * **Example** (Two clients, one account)
 *
 * ```ts
 * import { Limits } from "@reelay/core"
 * import { createClient } from "@reelay/core/promise"
 * import { xai } from "@reelay/providers/xai"
 *
 * const limits = Limits.memory({ rate: { limit: 60, window: "1 minute" } })
 *
 * export const drafts = (apiKey: string) => createClient({ provider: xai({ apiKey }), limits, deadline: "5 minutes" })
 * export const finals = (apiKey: string) => createClient({ provider: xai({ apiKey }), limits })
 * ```
 *
 * Throws `RangeError` if a limit, a window or a number of failures is not above zero.
 *
 * @category constructors
 * @since 0.1.0
 */
export const memory: (options?: Options) => Limits = inMemory

/** How soon to check again whether another request's probe has closed the circuit. Milliseconds. */
const probing = 500

const make = Effect.fnUntraced(function* (stores: Stores, { failures = 5, open, rate }: Options = {}) {
  const spacing = rate === undefined ? undefined : spacingOf(rate)
  const limiter = yield* Effect.provideService(RateLimiter.make, RateLimiter.RateLimiterStore, stores.limiter)
  const breaker = yield* CircuitBreaker.make({
    tripPolicy: CircuitBreaker.consecutive(failures),
    openDuration: open ?? growing,
    onStoreError: "fail"
  }).pipe(Effect.provideService(CircuitBreaker.CircuitBreakerStore, stores.breaker))
  const offset = (yield* Clock.currentTimeMillis) - (yield* monotonic)
  const gates = new Map<string, Gate.Gate>()

  /** Runs effect's modules on a clock that is never set. */
  const steadily = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.clockWith((clock) => Effect.provideService(effect, Clock.Clock, steady(clock, offset)))

  const gateOf = (key: string): Gate.Gate => {
    const gate = gates.get(key) ?? Gate.make()
    gates.set(key, gate)
    return gate
  }

  /** How much longer the circuit of an address refuses requests, in milliseconds. */
  const circuit = (origin: string): Effect.Effect<number> =>
    steadily(breaker.state(keyOf(origin))).pipe(
      Effect.map((state) => {
        switch (state._tag) {
          case "Closed":
            return 0
          case "Open":
            return Duration.toMillis(state.retryAfter)
          case "HalfOpen":
            return state.probing ? probing : 0
        }
      }),
      Effect.orElseSucceed(() => 0)
    )

  /** A pause of other processes in milliseconds, or a ticket. */
  const draw = Effect.fnUntraced(function* (key: string) {
    const fallback = { fallbackLimit: rate?.limit ?? 1, fallbackWindow: Duration.fromInputUnsafe(rate?.window ?? "1 minute") }
    const learned = yield* steadily(limiter.adaptiveConsume({ key, tokens: 1, ...fallback })).pipe(
      Effect.orElseSucceed(() => ({ delay: Duration.zero, epoch: 0, phase: "inactive" as const }))
    )
    const delay = Duration.toMillis(learned.delay)
    if (learned.phase === "cooldown" && delay > 0) return delay
    const even =
      spacing === undefined
        ? 0
        : yield* steadily(limiter.consume({ key: `${key} rate`, limit: 1, window: spacing, onExceeded: "delay" })).pipe(
            Effect.map((drawn) => Duration.toMillis(drawn.delay)),
            Effect.orElseSucceed(() => 0)
          )
    // The store counts from its answer: a slow one makes nobody early.
    return { at: (yield* monotonic) + Math.max(delay, even), epoch: learned.epoch } satisfies Gate.Ticket
  })

  /** Waits, as the first of the line, until a request may be sent. Returns the epoch of the limiter. */
  const ready = Effect.fnUntraced(function* (gate: Gate.Gate, key: string, origin: string) {
    for (;;) {
      const closed = yield* circuit(origin)
      const now = yield* monotonic
      if (closed > 0) {
        gate.because = "circuit"
        Gate.spread(gate)
        yield* whole(closed)
        continue
      }
      gate.because = "pause"
      const quiet = Math.max(gate.until, gate.sent + gate.gap) - now
      if (quiet > 0) {
        yield* whole(quiet)
        continue
      }
      const drawn = gate.ticket !== undefined && gate.ticket.at >= now ? gate.ticket : yield* draw(key)
      if (typeof drawn === "number") {
        Gate.spread(gate)
        yield* whole(drawn)
        continue
      }
      gate.ticket = drawn
      const early = drawn.at - (yield* monotonic)
      if (early > 0) {
        gate.because = "rate"
        yield* whole(early)
        // Another request got a 429 meanwhile, and its pause applies to all.
        if (gate.ticket !== drawn) continue
      }
      gate.ticket = undefined
      return drawn.epoch
    }
  })

  /** Updates the limits from an answer at once, before anything else is done with it. */
  const hear = Effect.fnUntraced(function* (gate: Gate.Gate, key: string, epoch: number, answer: Heard) {
    const asked = retryAfter(answer.headers, yield* Clock.currentTimeMillis)
    switch (answer.meaning ?? meaningOf(answer)) {
      case "pace": {
        const length = Gate.pause(gate, yield* monotonic, asked)
        // effect's limiter takes a pause from this status only.
        const told = { key, epoch, tokens: 1, status: 429, retryAfter: Duration.millis(length) }
        yield* Effect.ignore(steadily(limiter.adaptiveFeedback(told)))
        return CircuitBreaker.success
      }
      case "broken":
        return CircuitBreaker.failure({ retryAfter: asked })
      case "fine":
        Gate.ease(gate)
        return CircuitBreaker.success
    }
  })

  /** Sends through the circuit: returns the outcome, or fails with the circuit's refusal before anything is sent. */
  const through = <A, E, R>(origin: string, sent: Effect.Effect<A, E, R>, outcome: () => CircuitBreaker.Outcome) =>
    Effect.gen(function* () {
      // The breaker's clock and log level do not apply to the request.
      const clock = yield* Clock.Clock
      const level = yield* UnhandledLogLevel
      const inside = sent.pipe(Effect.provideService(Clock.Clock, clock), Effect.provideService(UnhandledLogLevel, level), Effect.exit)
      return yield* breaker
        .execute(inside, { key: keyOf(origin), classify: outcome })
        .pipe(Effect.provideService(UnhandledLogLevel, undefined), steadily)
    })

  const turn: Limits["turn"] = ({ account, origin }, patience, send) => {
    const key = keyOf(`${origin} ${account}`)
    const inLine = Effect.fnUntraced(function* ({ gate, place }: Place) {
      const end = (yield* monotonic) + Math.max(patience, moment)
      for (;;) {
        const left = Duration.millis(Math.max(0, end - (yield* monotonic)))
        const epoch = yield* Effect.timeoutOption(Effect.andThen(first(place), ready(gate, key, origin)), left)
        if (Option.isNone(epoch)) return yield* Effect.fail(notAdmitted(origin, gate.because))
        let outcome: CircuitBreaker.Outcome = CircuitBreaker.ignored
        const sent = Effect.flatMap(monotonic, (now) => {
          gate.sent = now
          Gate.leave(gate, place)
          return send((asked) =>
            Effect.onExit(asked, (exit) =>
              Exit.isSuccess(exit)
                ? Effect.map(hear(gate, key, epoch.value, exit.value), (heard) => void (outcome = heard))
                : Effect.sync(() => void (outcome = saysNothing(exit.cause) ? CircuitBreaker.ignored : CircuitBreaker.failure()))
            )
          )
        })
        const exit = yield* through(origin, sent, () => outcome).pipe(
          // A refusal comes before anything is sent, and so does the failure of a store: then the request is sent without it.
          Effect.catch(({ reason }) => (reason._tag === "CircuitBreakerStoreError" ? Effect.exit(sent) : Effect.undefined))
        )
        if (exit !== undefined) return yield* exit
      }
    })
    return Effect.acquireUseRelease(
      Effect.sync((): Place => {
        const gate = gateOf(key)
        gate.users += 1
        return { gate, place: Gate.enter(gate) }
      }),
      inLine,
      ({ gate, place }) =>
        Effect.map(monotonic, (now) => {
          gate.users -= 1
          Gate.leave(gate, place)
          if (Gate.isFresh(gate, now)) gates.delete(key)
        })
    )
  }
  return { turn } satisfies Limits
})

/** A request that was interrupted or held back says nothing about the address. */
const saysNothing = (cause: Cause.Cause<NoAnswer>): boolean =>
  Cause.hasInterruptsOnly(cause) || Option.exists(Cause.findErrorOption(cause), isHeldBack)

interface Place {
  readonly gate: Gate.Gate
  readonly place: Latch.Latch
}

/** Waits to be the first of the line. The code that opened the latch runs on first: a latch wakes its waiters in the middle of it. */
const first = (place: Latch.Latch): Effect.Effect<void> =>
  Effect.suspend(() => (place.isOpen() ? Effect.void : Effect.andThen(place.await, Effect.yieldNow)))

/** Sleeps whole milliseconds: a wait that is nothing but a rounding error would spin. */
const whole = (millis: number): Effect.Effect<void> => Effect.sleep(Duration.millis(Math.max(1, Math.ceil(millis))))

/** The least patience, in milliseconds: a request at the deadline itself is still admitted if nothing is in the way. */
const moment = 100

/** Jittered, since several processes may share a circuit's fate without sharing its store. */
const growing: Schedule.Schedule<unknown, number> = Schedule.exponential("5 seconds").pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.minutes(1)))),
  Schedule.jittered,
  Schedule.setInputType<number>()
)

const keyOf = (whose: string): string => `reelay:${whose}`
