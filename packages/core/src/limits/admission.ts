/**
 * Admission: the engine asks before each request whether it may be sent. Two forms of one contract: `turn` is an effect around a request, for code
 * that has a fiber anyway, and `admission` uses callbacks, for polls, which have none.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Schedule from "effect/Schedule"
import { demand, duration, record, type Rules, schedule } from "../request/optionRules.ts"
import type { Answer } from "../job/Reading.ts"
import type { Account } from "../provider/account.ts"
import type { NoAnswer } from "../transport/Transport.ts"
import type { Meaning } from "./meaning.ts"

/** The request was not admitted in time: nothing was sent. */
export interface NotAdmitted {
  readonly _tag: "NotAdmitted"
  /**
   * `circuit`: earlier requests to the address failed. `pause`: it asked this account to wait. `rate`: the caller's own rate, or the requests ahead.
   */
  readonly because: "circuit" | "pause" | "rate"
  /** What was waited for, as a part of a sentence. */
  readonly detail: string
}

/** An answer, and what it means for the limits. Default: what its status says. */
export interface Heard extends Answer {
  readonly meaning?: Meaning | undefined
}

/** Passes an answer on unchanged, and updates the limits from it. */
export type Listen = <A extends Heard, R>(asked: Effect.Effect<A, NoAnswer, R>) => Effect.Effect<A, NoAnswer, R>

/** A request that was admitted. One of the two is called, once. */
export interface Ticket {
  /** Reports the outcome, and what an answer means: the limits are updated before anything else is done with it. Default: what its status says. */
  readonly heard: (outcome: Answer | NoAnswer, meaning?: Meaning) => void
  /** It was interrupted: that says nothing about the address. */
  readonly dropped: () => void
}

/** A request that asks for admission. One of the three is called, once, possibly before `ask` returns. */
export interface Asker {
  readonly admitted: (ticket: Ticket) => void
  readonly refused: (because: NotAdmitted) => void
  readonly broken: (cause: Cause.Cause<never>) => void
}

export interface Admission {
  /**
   * Asks to send one request, and waits at most `patience` milliseconds. Returns a function that gives up the wait; after that nothing is called. The
   * context is the asker's: its clock counts.
   */
  readonly ask: (account: Account, patience: number, context: Context.Context<never>, asker: Asker) => () => void
}

export interface Limits {
  /**
   * Waits until the request is admitted, at most `patience` milliseconds, and then runs `send`, to which `patience` does not apply. The wait can be
   * interrupted. `send` passes its request to `listen`.
   */
  readonly turn: <A, E, R>(
    account: Account,
    patience: number,
    send: (listen: Listen) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | NotAdmitted, R>
  /** The same without a fiber, if the limits support it, as those in memory do. Default: a fiber for each poll that asks. */
  readonly admission?: Admission | undefined
}

const ignored: Ticket = { heard: () => undefined, dropped: () => undefined }

const always: Admission = {
  ask: (_account, _patience, _context, asker) => {
    asker.admitted(ignored)
    return () => undefined
  }
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /**
   * The most requests that one account may send within a window. They are spaced evenly: `{ limit: 60, window: "1 minute" }` is one each second, so
   * no window has more. Default: no limit beyond the jobs' paces.
   */
  readonly rate?: { readonly limit: number; readonly window: Duration.Input } | undefined
  /** Failed requests in a row that open the circuit of an address. Default: 5. */
  readonly failures?: number | undefined
  /**
   * How long the circuit stays open: a fixed time, or a schedule whose input counts the openings in a row. Default: 5 seconds, doubled up to a
   * minute.
   */
  readonly open?: Duration.Input | Schedule.Schedule<unknown, number> | undefined
}

export const none: Limits = { turn: (_account, _patience, send) => send((asked) => asked), admission: always }

export const Limits: Context.Reference<Limits> = Context.Reference<Limits>("@reelay/core/Limits", { defaultValue: () => none })

/** One request under the limits of the context. */
export const whenAdmitted = <A, E, R>(
  account: Account,
  patience: number,
  send: (listen: Listen) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | NotAdmitted, R> => Effect.flatMap(Limits, ({ turn }) => turn(account, patience, send))

/** The admission of limits, whichever form they have. */
export const admissionOf = ({ admission, turn }: Limits): Admission => admission ?? { ask: byTurn(turn) }

/** A fiber that holds the admission until the outcome of the request is known. */
const byTurn =
  (turn: Limits["turn"]): Admission["ask"] =>
  (account, patience, context, asker) => {
    let isOver = false
    let fiber: Fiber.Fiber<unknown, NotAdmitted> | undefined
    const leave = (): void => {
      isOver = true
      fiber?.interruptUnsafe()
    }
    const asked = turn(account, patience, (listen) =>
      Effect.exit(
        listen(
          Effect.callback<Heard, NoAnswer>((resume) => {
            const heard: Ticket["heard"] = (outcome, meaning) => {
              isOver = true
              resume("_tag" in outcome ? Effect.fail(outcome) : Effect.succeed({ ...outcome, meaning }))
            }
            asker.admitted({ heard, dropped: leave })
          })
        )
      )
    )
    fiber = Effect.runForkWith(context)(asked)
    // Admitted at once, and left at once.
    if (isOver) fiber.interruptUnsafe()
    fiber.addObserver((exit) => {
      if (isOver || Exit.isSuccess(exit)) return
      isOver = true
      const found = Cause.findErrorOption(exit.cause)
      if (Option.isSome(found)) asker.refused(found.value)
      else asker.broken(Cause.fromReasons(exit.cause.reasons.filter((reason) => !Cause.isFailReason(reason))))
    })
    return leave
  }

/** `turn` for limits that use callbacks. */
export const turnBy =
  (admission: Admission): Limits["turn"] =>
  (account, patience, send) =>
    Effect.contextWith((context: Context.Context<never>) =>
      Effect.uninterruptibleMask((restore) => {
        let held: Ticket | undefined
        const admitted = Effect.callback<Ticket, NotAdmitted>((resume) => {
          const leave = admission.ask(account, patience, context, {
            admitted: (ticket) => {
              held = ticket
              resume(Effect.succeed(ticket))
            },
            refused: (because) => resume(Effect.fail(because)),
            broken: (cause) => resume(Effect.failCause(cause))
          })
          return Effect.sync(leave)
        })
        // A request that was admitted and is interrupted before it continues has sent nothing.
        const dropped = Effect.sync(() => held?.dropped())
        return Effect.flatMap(
          Effect.onInterrupt(restore(admitted), () => dropped),
          (ticket) => {
            const listen: Listen = (asked) =>
              Effect.onExit(asked, (exit) =>
                Effect.sync(() => {
                  if (Exit.isSuccess(exit)) return ticket.heard(exit.value, exit.value.meaning)
                  const found = Cause.findErrorOption(exit.cause)
                  if (Option.isSome(found)) ticket.heard(found.value)
                  else if (Cause.hasInterruptsOnly(exit.cause)) ticket.dropped()
                  else ticket.heard({ _tag: "NoAnswer", because: "network", detail: "the request broke" })
                })
              )
            return Effect.ensuring(restore(send(listen)), dropped)
          }
        )
      })
    )

/** Throws a `RangeError` for options that can't be. */
export const demandLimits = (options: Options): void =>
  demand("Limits", options, {
    rate: record,
    failures: (value) => (typeof value === "number" && value > 0 ? undefined : `must be above zero, got ${String(value)}`),
    open: (value) => (schedule(value) === undefined ? undefined : duration(value))
  } satisfies Rules<Options>)

/** The even distance that keeps a rate. */
export const spacingOf = ({ limit, window }: { readonly limit: number; readonly window: Duration.Input }): Duration.Duration => {
  const wrong = duration(window)
  if (wrong !== undefined) throw new RangeError(`Limits: rate needs a window, which ${wrong}`)
  const spacing = Duration.toMillis(Duration.fromInputUnsafe(window)) / limit
  if (!(limit > 0 && spacing > 0 && Number.isFinite(spacing))) {
    throw new RangeError(`Limits: rate needs a limit and a window above zero, got ${limit} within ${spacing * limit} ms`)
  }
  return Duration.millis(Math.ceil(spacing))
}

/** A request that never left this process says nothing about the address. */
export const isHeldBack = ({ because, isFinal }: NoAnswer): boolean => because === "held" || isFinal === true

export const notAdmitted = (origin: string, because: NotAdmitted["because"]): NotAdmitted => {
  switch (because) {
    case "circuit":
      return { _tag: "NotAdmitted", because, detail: `${origin} failed several times in a row, and was being left alone` }
    case "pause":
      return { _tag: "NotAdmitted", because, detail: `${origin} had asked this account to wait` }
    case "rate":
      return { _tag: "NotAdmitted", because, detail: `other requests to ${origin} came first, at the rate that was set` }
  }
}
