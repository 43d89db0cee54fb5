/** One job against a model of it: any actions of its owner, in any order, and any state of the connection. */
import { Job, type JobRef, JobState, Journal, KeyValueJournal } from "@reelay/core"
import { Mock } from "@reelay/mock-server"
import { xai } from "@reelay/providers/xai"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as References from "effect/References"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { storeOf } from "./store.ts"

const pace = 5000
/** From submission to the end. */
const duration = 30_000
/** Longer than any wait after a lost poll. */
const longest = 70_000

interface Model {
  submitted: boolean
  /** A caller has a handle. */
  held: boolean
  listeners: number
  /** Since the submission. */
  age: number
  /** How long the connection has been up, with a watcher all the while. */
  calm: number
  down: boolean
}

const fresh = (): Model => ({ submitted: false, held: false, listeners: 0, age: 0, calm: 0, down: false })

interface Listener {
  readonly fiber: Fiber.Fiber<void, unknown>
  readonly states: Array<JobState.JobState>
}

/** The whole world of one run: a mock, a clock, a store that outlives its processes, and the current process. */
class Real {
  readonly runtime = ManagedRuntime.make(TestClock.layer({ warningDelay: "1 hour" }))
  readonly store = storeOf()
  now = 0
  down = false
  mock = Mock.make({ now: () => this.now, duration })
  process = 0
  handle: Job.JobHandle | undefined
  ref: JobRef.JobRef | undefined
  listeners: Array<Listener> = []

  private services(process: number) {
    const fetch: typeof globalThis.fetch = async (input, init) => {
      if (this.process !== process) return new Promise(() => undefined)
      if (this.down) throw new TypeError("fetch failed")
      return Mock.fetchOf(this.mock)(input, init)
    }
    const net = Layer.provide(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.Fetch, fetch))
    // A dead process writes nothing.
    const set: typeof this.store.set = (key, value) => (this.process === process ? this.store.set(key, value) : Effect.never)
    const journal = KeyValueJournal.make({ ...this.store, set })
    return Layer.mergeAll(net, Layer.succeed(Journal.Journal, journal), Layer.succeed(References.MinimumLogLevel, "None"))
  }
  run<A, E>(effect: Effect.Effect<A, E, Layer.Success<ReturnType<Real["services"]>>>): Promise<A> {
    return this.runtime.runPromise(Effect.provide(effect, this.services(this.process)))
  }
  fork<A, E>(effect: Effect.Effect<A, E>): Fiber.Fiber<A, E> {
    return this.runtime.runFork(effect)
  }
  get polls(): number {
    return this.mock.journal.filter(({ route }) => route === "poll").length
  }
  get posts(): number {
    return this.mock.journal.filter(({ route }) => route === "submit").length
  }
  /** Time passes second by second, and answers come in between. */
  async pass(millis: number): Promise<void> {
    for (let left = millis; left > 0; left -= 1000) {
      const step = Math.min(1000, left)
      this.now += step
      await this.runtime.runPromise(TestClock.adjust(step))
      await turns()
    }
  }
}

const turns = async (): Promise<void> => {
  for (let nth = 0; nth < 5; nth++) await new Promise((resolve) => setImmediate(resolve))
}

/** For the commands: a false condition fails the run. */
const same = (seen: unknown, wanted: unknown): void => expect(seen).toEqual(wanted)

const isOver = ({ states }: Listener): boolean => states.some(JobState.isTerminal)

/** The invariants after each command. */
const holds = (model: Model, real: Real): void => {
  expect(real.posts).toBe(model.submitted ? 1 : 0)
  expect(real.mock.jobs).toHaveLength(model.submitted ? 1 : 0)
  for (const { states } of real.listeners) {
    const end = states.findIndex(JobState.isTerminal)
    expect([states.length === 0, end === -1 || end === states.length - 1]).toEqual([false, true])
    for (const [index, state] of states.entries()) {
      const before = states[index - 1]
      expect(before === undefined || JobState.rank(state) >= JobState.rank(before)).toBe(true)
    }
  }
  // The connection was up for long enough after the end, with a watcher: then the end is known.
  if (model.age >= duration && model.calm >= longest) expect(real.listeners.every(isOver)).toBe(true)
}

type Command = fc.AsyncCommand<Model, Real>
const command = (name: string, check: (model: Readonly<Model>) => boolean, run: (model: Model, real: Real) => Promise<void>): Command => ({
  check,
  run: async (model, real) => {
    await run(model, real)
    await turns()
    holds(model, real)
  },
  toString: () => name
})

const provider = xai({ apiKey: "any-key", baseUrl: "http://mock.test/xai", account: "me" })
const options = { pace, deadline: "1 day", maxConsecutiveFailures: 1000 } as const

const submit = command(
  "submit",
  (model) => !model.submitted && !model.down,
  async (model, real) => {
    real.handle = await real.run(Job.submit(provider, { prompt: "A candle." }, options))
    real.ref = real.handle.ref
    Object.assign(model, { submitted: true, held: true })
  }
)

const subscribe = command(
  "subscribe",
  (model) => model.held && model.listeners < 4,
  async (model, real) => {
    const states: Array<JobState.JobState> = []
    const { handle } = real
    if (handle === undefined) throw new Error("there is a handle if a caller has one")
    const fiber = real.fork(Stream.runForEach(handle.states, (state) => Effect.sync(() => void states.push(state))))
    real.listeners.push({ fiber, states })
    if (model.listeners === 0) model.calm = 0
    model.listeners += 1
    await turns()
    // A new watcher sees the current state at once.
    same(states.length > 0, true)
  }
)

const unsubscribe = (which: number): Command =>
  command(
    `unsubscribe(${which})`,
    (model) => model.listeners > 0,
    async (model, real) => {
      const [gone] = real.listeners.splice(which % real.listeners.length, 1)
      if (gone !== undefined) await real.runtime.runPromise(Fiber.interrupt(gone.fiber))
      model.listeners -= 1
    }
  )

const cancel = command(
  "cancel",
  (model) => model.held,
  async (_, real) => {
    const { handle } = real
    const outcome = handle === undefined ? undefined : await real.runtime.runPromise(handle.cancel)
    // xAI documents no way to cancel, and a job that is known to have ended has ended.
    same(outcome, handle !== undefined && JobState.isTerminal(handle.current()) ? "CompletedAnyway" : "Unsupported")
  }
)

const line = (down: boolean): Command =>
  command(
    down ? "the line goes down" : "the line is back",
    (model) => model.down !== down,
    async (model, real) => {
      real.down = down
      Object.assign(model, { down, calm: 0 })
    }
  )

const advance = (millis: number): Command =>
  command(
    `advance(${millis})`,
    () => true,
    async (model, real) => {
      const before = real.polls
      const waiting = real.listeners.filter((listener) => !isOver(listener)).length
      await real.pass(millis)
      if (model.submitted) model.age += millis
      if (model.listeners > 0 && !model.down) model.calm += millis
      // Nothing polls without a watcher, nor once all watchers have seen the end.
      const most = waiting === 0 ? 0 : Math.ceil(millis / pace) + 1
      same(real.polls - before <= most, true)
    }
  )

const crash = command(
  "crash",
  (model) => model.held,
  async (model, real) => {
    const { listeners } = real
    real.process += 1
    real.handle = undefined
    real.listeners = []
    for (const { fiber } of listeners) fiber.interruptUnsafe()
    Object.assign(model, { held: false, listeners: 0, calm: 0 })
  }
)

const resume = command(
  "resume",
  (model) => model.submitted && !model.held,
  async (model, real) => {
    const entries = await real.run(Effect.flatMap(Journal.Journal, (journal) => journal.entries))
    const [ref] = entries.flatMap((entry) => (entry._tag === "Entry" ? [Journal.refOf(entry)] : []))
    // The journal has the handle from before the crash.
    same(ref, real.ref)
    if (ref !== undefined) real.handle = await real.run(Job.attach(provider, ref, options))
    model.held = true
  }
)

const commands = fc.commands(
  [
    fc.constant(submit),
    fc.constant(subscribe),
    fc.nat(3).map(unsubscribe),
    fc.constant(cancel),
    fc.boolean().map(line),
    fc.constantFrom(1000, 4000, pace).map(advance),
    fc.constantFrom(20_000, 100_000).map(advance),
    fc.constant(crash),
    fc.constant(resume)
  ],
  { maxCommands: 40, size: "max" }
)

it("keeps its promises for any actions of its owner, in any order", async () => {
  const met = { ends: 0, crashes: 0, resumed: 0 }
  await fc.assert(
    fc.asyncProperty(commands, async (all) => {
      const real = new Real()
      try {
        await fc.asyncModelRun(() => ({ model: fresh(), real }), all)
        met.crashes += real.process
        met.ends += real.listeners.filter(isOver).length
        if (real.process > 0 && real.handle !== undefined) met.resumed += 1
      } finally {
        for (const { fiber } of real.listeners) fiber.interruptUnsafe()
        await real.runtime.dispose()
      }
    }),
    { numRuns: 800 }
  )
  for (const times of Object.values(met)) expect(times).toBeGreaterThan(10)
}, 60_000)
