/** Virtual time that waits for promises: Effect's TestClock, moved from one sleep to the next with no request in flight. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as TestClock from "effect/testing/TestClock"

export interface World {
  /** Milliseconds since the start. */
  readonly now: () => number
  /** Tells the world that something happens outside Effect, until the returned function is called. */
  readonly busy: () => () => void
  /** Sleeps on virtual time, for code that is not an Effect. */
  readonly delay: (millis: number, signal: AbortSignal | undefined) => Promise<void>
  /** What has not ended: fibers that run or wait, sleeps, and work outside Effect. */
  readonly open: () => Open
}

/** How many of each. */
interface Open {
  readonly fibers: number
  readonly sleeps: number
  readonly outside: number
}

/** More turns of the event loop than any chain of promises takes without time passing. */
const restless = 2000
/** Turns without any activity after which all fibers are waiting. */
const quiet = 5
/** How often to wait for quiet again if nothing sleeps. */
const patience = 50
/** More sleeps than any reasonable play of one job has. */
const ofOneJob = 20_000

export interface Options {
  /** Milliseconds that time continues after the program has ended. Default: 0. */
  readonly after?: number
  /** A program with more sleeps than this counts as endless. Default: 20,000. */
  readonly longest?: number
  /** The start time. Default: 0. */
  readonly start?: number
  /**
   * For outside work that takes real time, such as sockets: it is waited for, however many turns that takes; but after this many real
   * milliseconds without activity it counts as stalled, and time moves on. Default: such work takes a few turns of the event loop.
   */
  readonly stalledAfter?: number
}

/** Thrown if a program never waits, or never ends. */
export class Restless extends Error {}

/**
 * Runs a program to its end under virtual time.
 *
 * TestClock.adjust would run past an answer in flight: a promise takes no virtual time, but several turns of the event loop.
 */
export const run = <A, E>(program: (world: World) => Effect.Effect<A, E>, options: Options = {}): Promise<A> =>
  Effect.runPromise(
    Effect.provide(
      TestClock.testClockWith((clock) => drive(clock, program, options)),
      TestClock.layer({ warningDelay: "1 hour" })
    )
  )

const drive = Effect.fnUntraced(function* <A, E>(
  inner: TestClock.TestClock,
  program: (world: World) => Effect.Effect<A, E>,
  { after = 0, longest = ofOneJob, stalledAfter, start = 0 }: Options
) {
  yield* inner.setTime(start)
  const sleeps = new Set<{ readonly at: number }>()
  let signs = 0
  let outside = 0
  let fibers = 0

  const now = (): number => inner.currentTimeMillisUnsafe()
  const clock: Clock.Clock = {
    ...inner,
    sleep: (duration) =>
      Effect.suspend(() => {
        const entry = { at: now() + Duration.toMillis(duration) }
        sleeps.add(entry)
        signs += 1
        const forget = Effect.sync(() => {
          sleeps.delete(entry)
          signs += 1
        })
        return Effect.ensuring(inner.sleep(duration), forget)
      })
  }
  const context = Context.add(yield* Effect.context(), Clock.Clock, clock).pipe(
    Context.add(Metric.FiberRuntimeMetrics, {
      recordFiberStart: () => {
        fibers += 1
        signs += 1
      },
      recordFiberEnd: () => {
        fibers -= 1
        signs += 1
      }
    })
  )

  const world: World = {
    now,
    busy: () => {
      outside += 1
      signs += 1
      return () => {
        outside -= 1
        signs += 1
      }
    },
    delay: (millis, signal) => Effect.runPromiseWith(context)(Effect.sleep(millis), signal === undefined ? {} : { signal }),
    open: () => ({ fibers, sleeps: sleeps.size, outside })
  }

  const settle = Effect.promise(async () => {
    let seen = signs
    let still = 0
    let heard = performance.now()
    for (let turns = 0; still < quiet; turns++) {
      if (turns > restless) throw new Restless("it never waits: requests go out, or fibers run, without time passing")
      await turn()
      if (signs !== seen) heard = performance.now()
      const isStalled = stalledAfter !== undefined && performance.now() - heard > stalledAfter
      // Work on a socket takes any number of turns.
      if (outside > 0 && stalledAfter !== undefined && signs === seen) turns = 0
      still = (outside === 0 || isStalled) && signs === seen ? still + 1 : 0
      seen = signs
    }
  })

  const next = (): number => Math.min(...Array.from(sleeps, ({ at }) => at).filter((at) => at > now()))

  const fiber = yield* Effect.forkChild(Effect.provideContext(program(world), context))
  const isOver = (): boolean => fiber.pollUnsafe() !== undefined
  for (let steps = 0; ; steps++) {
    yield* settle
    // A long computation shows no activity.
    for (let more = 0; more < patience && !isOver() && !Number.isFinite(next()); more++) yield* settle
    if (isOver()) break
    if (steps > longest || !Number.isFinite(next())) throw new Restless(`it does not end: ${steps} sleeps, and now ${now()} ms`)
    yield* inner.setTime(next())
  }
  const end = now() + after
  while (now() < end) {
    yield* inner.setTime(Math.min(end, next()))
    yield* settle
  }
  return yield* Fiber.join(fiber)
})

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
