/** Bugs that the engine once had: each was found by the plays of submission.test.ts, or on the way there. */
import { Job, Journal } from "@reelay/core"
import { createClient } from "@reelay/core/promise"
import { submit$ } from "@reelay/core/rxjs"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { lastValueFrom, retry } from "rxjs"
import { expect, it } from "vitest"
import { inWorld, provider } from "./submissionWorld.ts"

it("a subscriber to a submission with an unknown outcome gets that in a later turn, so a bare retry() does not block the process", () =>
  inWorld(async (world) => {
    const states = submit$(provider, { prompt: "A candle, mock:lost-submit." }, { transport: world.services(() => "one") })
    await lastValueFrom(states).catch(() => undefined)
    let errors = 0
    states.pipe(retry(1000)).subscribe({ error: () => (errors += 1) })
    expect(errors).toBe(0)
  }))

it("a request is refused for ten minutes after a SubmitUnknown, even if another unknown one turned out to be a job", () =>
  inWorld(
    async (world) => {
      world.fates.push({ kind: "Accepted", after: 15_000 }, { kind: "Lost", after: 1000 })
      const request = { prompt: "A fox." }
      // The first is left while its POST is in flight, so it is unknown from the tenth second on, until its id comes in the fifteenth.
      const first = world.fork(Job.submit(provider, request), () => "first")
      await world.pass(1)
      first.interruptUnsafe()
      const second = await world.run(Effect.exit(Job.submit(provider, request)), () => "second")
      await world.pass(20_000)
      const third = await world.run(Effect.exit(Job.submit(provider, request)), () => "third")
      expect([world.posts.length, third]).toEqual([2, second])
    },
    { hasJournal: false }
  ))

it("a request is refused for ten minutes after a SubmitUnknown under a key, even if another unknown one was resolved", () =>
  inWorld(async (world) => {
    world.fates.push({ kind: "Lost", after: 3000 }, { kind: "Lost", after: 3000 })
    const request = { prompt: "A fox." }
    const submitted = (options: Job.SubmitOptions) => world.run(Effect.exit(Job.submit(provider, request, options)), () => "any")
    const [, keyed] = await Promise.all([submitted({}), submitted({ key: "a" })])
    const { journal } = world.process
    const entries = journal === undefined ? [] : await world.keep(journal.all)
    const other = entries.find((entry) => entry._tag === "Entry" && entry.key === undefined)
    await world.keep(Journal.resolve(other?.id ?? "", "NotCreated"))
    await world.pass(20_000)
    const third = await submitted({})
    expect([world.posts.length, third._tag, keyed?._tag]).toEqual([2, "Failure", "Failure"])
  }))

const any = () => "any"

type Way = "effect" | "batch" | "promise" | "rxjs"

/** Leaves this many turns after the POST has failed; returns how that was reported. */
const leftAfter = (turns: number, turn: () => Promise<unknown>, way: Way): Promise<ReadonlyArray<string>> =>
  inWorld(
    async (world) => {
      world.fates.push({ kind: "Reset", after: 5000 })
      const reports: Array<string> = []
      const report = (how: string) => Effect.sync(() => void reports.push(how))
      const request = { prompt: "A fox." }
      const onUnknown = () => report("onUnknown")
      const asked = (): (() => void) => {
        switch (way) {
          case "effect": {
            const job = Effect.tapError(Job.submit(provider, request, { onUnknown }), ({ _tag }) => report(_tag))
            const fiber = world.fork(job, any)
            return () => fiber.interruptUnsafe()
          }
          case "batch": {
            const events = Job.runAll(provider, [["fox", request]], { onUnknown })
            const fiber = world.fork(
              Stream.runForEach(events, ({ _tag }) => report(_tag)),
              any
            )
            return () => fiber.interruptUnsafe()
          }
          case "rxjs": {
            const given = { onUnknown: () => void reports.push("onUnknown"), transport: world.services(any), logLevel: "none" } as const
            const states = submit$(provider, request, given)
            const subscription = states.subscribe({ error: () => reports.push("error") })
            return () => subscription.unsubscribe()
          }
          case "promise": {
            const controller = new AbortController()
            const client = createClient({ provider, fetch: world.fetch(any), logLevel: "none" })
            const given = { signal: controller.signal, onUnknown: () => void reports.push("onUnknown") }
            client.submit(request, given).catch((error: unknown) => (error === "left" ? undefined : reports.push("rejected")))
            return () => controller.abort("left")
          }
        }
      }
      const leave = asked()
      await world.pass(5000)
      for (let nth = 0; nth < turns; nth++) await turn()
      leave()
      await world.pass(60_000)
      return reports
    },
    { hasJournal: false }
  )

it.each(["effect", "batch", "rxjs", "promise"] as const)(
  "a caller that leaves as a POST fails gets its unknown outcome in some way (%s)",
  async (way) => {
    const silent: Array<string> = []
    for (let turns = 0; turns < 60; turns++) {
      if ((await leftAfter(turns, () => Promise.resolve(), way)).length === 0) silent.push(`${turns} microtasks`)
      if ((await leftAfter(turns, () => new Promise((resolve) => setImmediate(resolve)), way)).length === 0) silent.push(`${turns} turns`)
    }
    expect(silent).toEqual([])
  }
)

it("StrictMode over a journal that is slow to write: subscribing again in the tick of leaving gets the job", () =>
  inWorld(async (world) => {
    world.freezeAtIntent = 3000
    const { journal } = world.process
    const states = submit$(provider, { prompt: "A fox." }, { transport: world.services(() => "any"), journal, logLevel: "none" })
    states.subscribe().unsubscribe()
    const end = await lastValueFrom(states).catch((error: unknown) => error)
    expect(end).toMatchObject({ _tag: "Succeeded" })
    expect([world.posts.length, world.mock.jobs.length]).toEqual([1, 1])
  }))

it("StrictMode while the provider is busy: subscribing again in the tick of leaving gets the job", () =>
  inWorld(async (world) => {
    world.fates.push({ kind: "Busy" })
    const { journal } = world.process
    const states = submit$(provider, { prompt: "A fox." }, { transport: world.services(() => "any"), journal, logLevel: "none" })
    states.subscribe().unsubscribe()
    const end = await lastValueFrom(states).catch((error: unknown) => error)
    expect(end).toMatchObject({ _tag: "Succeeded" })
    expect([world.posts.length, world.mock.jobs.length]).toEqual([2, 1])
  }))

it("two values under one key, neither of them used yet, pay once for it, even if another request came under it in between", () =>
  inWorld(
    async (world) => {
      const made = (prompt: string) => world.run(Effect.result(Job.submission(provider, { prompt }, { key: "a" })), () => "any")
      const values = [await made("A fox."), await made("An owl."), await made("A fox.")]
      for (const value of values) if (value._tag === "Success") await world.run(Effect.exit(value.success.job))
      expect([world.posts.length, world.mock.jobs.length]).toEqual([1, 1])
    },
    { hasJournal: false }
  ))

it("a value with a key that is left and used again in one tick is kept in the journal: a later submission under the key pays nothing", () =>
  inWorld(async (world) => {
    const submission = await world.run(Job.submission(provider, { prompt: "A fox." }, { key: "a" }), any)
    world.fork(submission.job, any).interruptUnsafe()
    await world.run(submission.job, any)
    await world.pass(1000)
    await world.run(Effect.exit(Job.submit(provider, { prompt: "A fox." }, { key: "a" })), any)
    expect([world.posts.length, world.mock.jobs.length]).toEqual([1, 1])
  }))

it("a request is refused after a kill in the middle of the same one, even if its batch reads that very entry just then", () =>
  inWorld(async (world) => {
    world.fates.push({ kind: "Silent", after: 0 })
    world.fork(Stream.runCollect(Job.runAll(provider, [["b", { prompt: "An owl." }]], { batch: "winter" })), any)
    await world.pass(1000)
    world.restart()
    await world.pass(11_000)
    const requests = [
      ["a", { prompt: "An owl." }],
      ["b", { prompt: "A fox." }]
    ] as const
    const events = Array.from(await world.run(Stream.runCollect(Job.runAll(provider, requests, { batch: "winter" })), any))
    const errors = events.flatMap((event) => (event._tag === "Error" ? [[event.key, event.error.reason._tag] as const] : []))
    expect(Object.fromEntries(errors)).toEqual({ a: "SubmitUnknown", b: "InvalidRequest" })
    expect(world.posts.length).toBe(1)
  }))
