/**
 * A process that is frozen between its intent and the first byte: a stopped process, a paused machine, a wall clock that is set. Its intent may
 * have been given up meanwhile, so it checks both clocks before it sends.
 *
 * What no test can close: a process that is frozen after that check, and before the kernel has the bytes, sends them after it thaws.
 */
import { Job, JobError, Journal, KeyValueJournal } from "@reelay/core"
import { createClient, FileJournal } from "@reelay/node"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import { fork, type ChildProcess } from "node:child_process"
import { readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { beforeAll, describe, expect, it } from "vitest"
import * as Virtual from "../src/internal/virtual.ts"
import { bundled } from "./bundled.ts"
import { type Frozen, type FreezePlan, isFrozen, key, promptOf } from "./freeze.plan.ts"
import { at, directory, failure, later, served } from "./sockets.ts"
import { storeOf } from "./store.ts"

/** Longer than the 5 s for which an intent may be sent: the only wait in real time, once for all cases. */
const standing = 6000

/** A process that waits between its intent and the first byte. */
interface Victim {
  readonly child: ChildProcess
  /** Resolves when it is about to send. */
  readonly here: Promise<unknown>
  /** The result of its submission; `undefined` if it was killed. */
  readonly ended: Promise<Frozen | undefined>
}

const program = directory().then((folder) => bundled(new URL("freeze.victim.ts", import.meta.url), folder))

const bear = async (plan: FreezePlan): Promise<Victim> => {
  const path = await program
  const child = fork(path, {
    env: { ...process.env, NODE_COMPILE_CACHE: dirname(path) },
    stdio: ["ignore", "ignore", "pipe", "ipc"]
  })
  later(async () => child.kill("SIGKILL"))
  let said = ""
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (said += chunk))
  let result: Frozen | undefined
  const here = new Promise((resolve, reject) => {
    child.once("close", () => reject(new Error(`a victim ended too soon: ${said}`)))
    child.on("message", (message) => {
      if (message === "ready") child.send(plan)
      else if (message === "here") resolve(message)
      else if (isFrozen(message)) result = message
    })
  })
  here.catch(() => undefined)
  const ended = new Promise<Frozen | undefined>((resolve, reject) => {
    child.once("close", (code, signal) => {
      if (code === 0 || signal === "SIGKILL") resolve(result)
      else reject(new Error(`a victim ended with ${code ?? signal}: ${said}`))
    })
  })
  ended.catch(() => undefined)
  return { child, here, ended }
}

/** The claim of a frozen process on another machine: its last sign of life is two minutes old. On this machine it would be respected. */
const fromElsewhere = (journal: string): void => {
  const claims = join(journal, "claims")
  const then = Date.now() / 1000 - 120
  for (const name of readdirSync(claims)) {
    const path = join(claims, name)
    const text = readFileSync(path, "utf8")
    if (text !== "") writeFileSync(path, JSON.stringify({ ...JSON.parse(text), where: "another machine" }))
    utimesSync(path, then, then)
  }
}

/** One case: a process, what happens to its entry while it is frozen, and what was seen before and afterwards. */
interface Case {
  readonly moment: FreezePlan["moment"]
  readonly transport: FreezePlan["transport"]
  readonly meanwhile: Meanwhile
}
type Meanwhile = "nothing" | "taken over" | "marked unknown" | "reported unknown" | "given a job" | "forgotten" | "given up" | "killed"

const cases: ReadonlyArray<Case> = [
  { moment: "intent", transport: "undici", meanwhile: "nothing" },
  { moment: "connection", transport: "undici", meanwhile: "nothing" },
  { moment: "intent", transport: "fetch", meanwhile: "nothing" },
  { moment: "intent", transport: "undici", meanwhile: "taken over" },
  { moment: "connection", transport: "undici", meanwhile: "taken over" },
  { moment: "intent", transport: "fetch", meanwhile: "taken over" },
  { moment: "intent", transport: "undici", meanwhile: "marked unknown" },
  { moment: "connection", transport: "undici", meanwhile: "marked unknown" },
  { moment: "intent", transport: "undici", meanwhile: "reported unknown" },
  { moment: "connection", transport: "undici", meanwhile: "given a job" },
  { moment: "connection", transport: "undici", meanwhile: "forgotten" },
  { moment: "connection", transport: "undici", meanwhile: "given up" },
  { moment: "connection", transport: "undici", meanwhile: "killed" }
]

const nameOf = ({ meanwhile, moment, transport }: Case): string => `${meanwhile}, ${moment}, ${transport}`

const those = (meanwhile: Meanwhile): ReadonlyArray<readonly [string, Case]> =>
  cases.filter((each) => each.meanwhile === meanwhile).map((each) => [`${each.moment}, ${each.transport}`, each])

/** It has a job after the thaw, or was given up as certainly not sent. */
const outcomeOf = (result: Frozen | undefined): "job" | "given up" | "else" =>
  result?.id !== undefined ? "job" : result?.error?.includes("No job was made.") === true ? "given up" : "else"

const scene = async () => {
  const server = await served()
  const posts = (name: string): number => server.mock.jobs.filter(({ prompt }) => prompt === promptOf(name)).length

  const prepare = async (each: Case) => {
    const name = nameOf(each)
    const journal = join(await directory(), "journal")
    const url = each.moment === "connection" ? server.url.replace("127.0.0.1", "localhost") : server.url
    const victim = await bear({ name, url: server.url, journal, moment: each.moment, transport: each.transport })
    /** Another process's journal over the same folder, and its client. */
    const other = () => {
      const mine = FileJournal.make(journal)
      return { mine, client: createClient({ provider: at("xai", url), journal: mine, logLevel: "none" }) }
    }
    const entries = async (): Promise<ReadonlyArray<Journal.Entry>> => {
      const all = await Effect.runPromise(FileJournal.make(journal).entries)
      return all.filter((entry) => entry._tag === "Entry")
    }
    const submit = () => other().client.submit({ prompt: promptOf(name) }, { key })
    return { ...each, name, journal, victim, other, entries, submit, posts: () => posts(name) }
  }
  type Prepared = Awaited<ReturnType<typeof prepare>>

  /** Returns what the others have seen meanwhile. */
  const act = async ({ entries, journal, meanwhile, other, submit, victim }: Prepared, intent: Journal.Entry): Promise<unknown> => {
    if (meanwhile === "nothing") return undefined
    if (meanwhile === "killed") return void victim.child.kill("SIGKILL")
    fromElsewhere(journal)
    const { client, mine } = other()
    switch (meanwhile) {
      case "taken over":
        await client.resolve(key, "NotCreated")
        return (await submit()).ref.id
      case "marked unknown":
        await Effect.runPromise(mine.swap(intent.id, intent.attempt, { ...intent, fate: { _tag: "Unknown", detail: "no answer came" } }))
        return (await entries()).map(({ fate }) => fate._tag)
      case "reported unknown":
        return failure(submit())
      case "given a job": {
        const { account, baseUrl, kind, provider } = intent
        await client.resolve(key, { ref: { provider, kind, id: "found-by-hand", baseUrl, account, submittedAt: intent.at } })
        return undefined
      }
      case "forgotten":
        return client.forget(key)
      case "given up":
        return client.resolve(key, "NotCreated")
    }
  }

  const freeze = async (prepared: Prepared) => {
    const { entries, posts: sent, victim } = prepared
    await victim.here
    victim.child.kill("SIGSTOP")
    const [intent, ...more] = await entries()
    if (intent === undefined || more.length > 0) throw new Error("there is not one intent")
    const before = { intent, posts: sent() }
    const seen = await act(prepared, intent)
    // It waits in the pipe of a frozen process.
    if (prepared.meanwhile !== "killed") victim.child.send("go")
    return { ...prepared, before, seen }
  }

  const frozen: Array<Awaited<ReturnType<typeof freeze>>> = []
  for (const each of cases) frozen.push(await freeze(await prepare(each)))
  await sleep(standing)
  const still = frozen.map(({ posts: sent }) => sent())
  for (const { meanwhile, victim } of frozen) if (meanwhile !== "killed") victim.child.kill("SIGCONT")
  const result = await Promise.all(frozen.map(({ victim }) => victim.ended))
  return new Map(frozen.map((each, index) => [each.name, { ...each, still: still[index], result: result[index] }]))
}

/** Windows has no SIGSTOP. */
describe.skipIf(process.platform === "win32")("a process that was stopped for 6 s between its intent and the first byte", () => {
  let scenes: Awaited<ReturnType<typeof scene>>
  beforeAll(async () => {
    scenes = await scene()
  }, 120_000)

  const of = (each: Case) => {
    const found = scenes.get(nameOf(each))
    if (found === undefined) throw new Error(`there is no ${nameOf(each)}`)
    return found
  }

  it("had written its intent, and had sent nothing", () => {
    for (const each of cases) {
      const { before, meanwhile, still } = of(each)
      expect([nameOf(each), before.posts, before.intent.fate, before.intent.key]).toEqual([nameOf(each), 0, { _tag: "Intent" }, key])
      expect([nameOf(each), still]).toEqual([nameOf(each), meanwhile === "taken over" ? 1 : 0])
    }
  })

  it.each(those("nothing"))("T42: at its %s, and whose entry was not touched, renews it and sends once", async (_, each) => {
    const { before, entries, posts, result } = of(each)
    expect(result).toEqual({ id: expect.any(String) })
    expect(posts()).toBe(1)
    const [entry, ...more] = await entries()
    expect(more).toEqual([])
    expect(entry).toMatchObject({ id: before.intent.id, fate: { _tag: "Accepted", ref: { id: result?.id } } })
    // The intent that was sent was another one, of another attempt.
    expect(entry?.attempt).not.toBe(before.intent.attempt)
    expect((entry?.at ?? 0) - before.intent.at).toBeGreaterThan(5000)
  })

  it.each(those("taken over"))(
    "T42: at its %s, and whose key another has submitted, sends nothing, and has no other job",
    async (_, each) => {
      const { entries, posts, seen, submit, result } = of(each)
      expect(seen).toEqual(expect.any(String))
      expect(outcomeOf(result)).not.toBe("else")
      // It returns the other's job, or says that nothing was sent; the next call returns the other's job.
      expect(result?.id ?? seen).toBe(seen)
      expect(posts()).toBe(1)
      expect((await submit()).ref.id).toBe(seen)
      expect(posts()).toBe(1)
      expect(await entries()).toMatchObject([{ fate: { _tag: "Accepted", ref: { id: seen } } }])
    }
  )

  it.each(those("marked unknown"))("at its %s, and whose outcome was marked unknown, fixes that: nothing was sent", async (_, each) => {
    const { before, entries, posts, seen, result } = of(each)
    expect(seen).toEqual(["Unknown"])
    const outcome = outcomeOf(result)
    expect(outcome).not.toBe("else")
    expect(posts()).toBe(outcome === "job" ? 1 : 0)
    const after = await entries()
    expect(after).toMatchObject(outcome === "job" ? [{ fate: { _tag: "Accepted", ref: { id: result?.id } } }] : [])
    expect(after.map(({ attempt }) => attempt)).not.toContain(before.intent.attempt)
  })

  it.each(those("reported unknown"))(
    "at its %s, and whose outcome was reported to others as unknown, fixes that for them too",
    async (_, each) => {
      const { entries, posts, seen, submit, result } = of(each)
      expect(seen).toBeInstanceOf(JobError.JobError)
      expect(seen).toMatchObject({ reason: { _tag: "SubmitUnknown" } })
      expect(outcomeOf(result)).not.toBe("else")
      const again = await submit()
      expect([result?.id ?? again.ref.id, posts()]).toEqual([again.ref.id, 1])
      expect(await entries()).toMatchObject([{ fate: { _tag: "Accepted", ref: { id: again.ref.id } } }])
    }
  )

  it.each(those("given a job"))("at its %s, and whose job was found by hand, sends nothing, and has no other job", async (_, each) => {
    const { entries, posts, submit, result } = of(each)
    expect(outcomeOf(result)).not.toBe("else")
    expect(result?.id ?? "found-by-hand").toBe("found-by-hand")
    expect((await submit()).ref.id).toBe("found-by-hand")
    expect(posts()).toBe(0)
    expect(await entries()).toMatchObject([{ fate: { _tag: "Accepted", ref: { id: "found-by-hand" } } }])
  })

  it.each([...those("forgotten"), ...those("given up")])("at its %s, and whose entry was removed, sends at most once", async (_, each) => {
    const { entries, posts, submit, result } = of(each)
    const outcome = outcomeOf(result)
    expect(outcome).not.toBe("else")
    expect(posts()).toBe(outcome === "job" ? 1 : 0)
    expect(await entries()).toHaveLength(posts())
    // The next submission under the key pays for no second one.
    const again = await submit()
    expect([result?.id ?? again.ref.id, posts()]).toEqual([again.ref.id, 1])
  })

  it.each(those("killed"))("at its %s, and was killed then, is reported with an unknown outcome, and nothing is sent", async (_, each) => {
    const { entries, other, posts, submit, result } = of(each)
    expect(result).toBeUndefined()
    const events: Array<Job.Resumed> = []
    for await (const event of other().client.resumeAll()) events.push(event)
    expect(events).toMatchObject([{ _tag: "Error", entry: { key }, error: { reason: { _tag: "SubmitUnknown" } } }])
    expect(await failure(submit())).toMatchObject({ reason: { _tag: "SubmitUnknown" } })
    expect(posts()).toBe(0)
    expect(await entries()).toMatchObject([{ fate: { _tag: expect.stringMatching(/^(Intent|Unknown)$/u) } }])
  })
})

describe.skipIf(process.platform === "win32")("a claim that was taken over from a process that was only frozen", () => {
  it("still belongs to the new holder when the old one has released its own", async () => {
    const journal = join(await directory(), "journal")
    const server = await served()
    const victim = await bear({ name: "claimed", url: server.url, journal, moment: "intent", transport: "undici" })
    await victim.here
    victim.child.kill("SIGSTOP")
    const [intent] = await Effect.runPromise(FileJournal.make(journal).entries)
    const id = intent?.id ?? ""
    expect(await Effect.runPromise(FileJournal.make(journal).claim(id))).toBe(false)
    fromElsewhere(journal)
    const taker = FileJournal.make(journal)
    expect(await Effect.runPromise(taker.claim(id))).toBe(true)
    victim.child.send("go")
    victim.child.kill("SIGCONT")
    await victim.ended
    expect(await Effect.runPromise(FileJournal.make(journal).claim(id))).toBe(false)
    await Effect.runPromise(taker.release(id))
  })
})

const provider = at("xai", "http://127.0.0.1:1")
const request = { prompt: promptOf("in virtual time") }
const hour = 3_600_000

/** A machine whose wall clock can be set, in virtual time. */
const standingStill = (life: (world: Machine) => Effect.Effect<unknown, unknown, HttpClient.HttpClient>) =>
  Virtual.run((virtual) =>
    Effect.gen(function* () {
      const inner = yield* Clock.Clock
      let off = 0
      const wall = (): number => inner.currentTimeMillisUnsafe() + off
      const nanos = (): bigint => BigInt(Math.round(wall())) * 1_000_000n
      const clock: Clock.Clock = {
        monotonicTimeNanosUnsafe: () => inner.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: inner.monotonicTimeNanos,
        sleep: (duration) => inner.sleep(duration),
        currentTimeMillisUnsafe: wall,
        currentTimeMillis: Effect.sync(wall),
        currentTimeNanosUnsafe: nanos,
        currentTimeNanos: Effect.sync(nanos)
      }
      const sent: Array<number> = []
      let down = 0
      const client = HttpClient.make((outgoing) =>
        Effect.suspend(() => {
          if (down-- > 0) {
            const cause = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", syscall: "connect" })
            return Effect.fail(
              new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request: outgoing, cause }) })
            )
          }
          sent.push(virtual.now())
          return Effect.succeed(HttpClientResponse.fromWeb(outgoing, Response.json({ request_id: `r${sent.length}` })))
        })
      )
      const journal = KeyValueJournal.make(storeOf())
      /** Waits this long after each of its first intents, or does something else. */
      const slow = (...after: ReadonlyArray<Effect.Effect<unknown>>): Journal.Journal["Service"] => {
        const left = [...after]
        return { ...journal, create: (entry) => Effect.tap(journal.create(entry), () => left.shift() ?? Effect.void) }
      }
      const machine: Machine = {
        sent,
        slow,
        now: virtual.now,
        refuse: (times) => void (down = times),
        step: (by) => Effect.sync(() => void (off += by)),
        fates: Effect.map(Effect.orDie(journal.entries), (all) => all.map((each) => (each._tag === "Entry" ? each.fate._tag : each._tag)))
      }
      return yield* Effect.provideService(life(machine), HttpClient.HttpClient, client).pipe(Effect.provideService(Clock.Clock, clock))
    })
  )

interface Machine {
  /** When each POST was sent, by a clock that is never set. */
  readonly sent: ReadonlyArray<number>
  readonly slow: (...after: ReadonlyArray<Effect.Effect<unknown>>) => Journal.Journal["Service"]
  readonly now: () => number
  /** This many connections are refused from now on. */
  readonly refuse: (times: number) => void
  readonly step: (by: number) => Effect.Effect<void>
  readonly fates: Effect.Effect<ReadonlyArray<string>>
}

const submitWith = (journal: Journal.Journal["Service"], options: Job.SubmitOptions = {}) =>
  Effect.provideService(Job.submit(provider, request, { key, ...options }), Journal.Journal, journal)

describe("an intent", () => {
  it.each([5001, 6000, 20_000])("that took %i ms to write is not sent, is renewed by the next attempt, and sent once", async (millis) => {
    await standingStill(({ fates, sent, slow }) =>
      Effect.gen(function* () {
        const handle = yield* submitWith(slow(Effect.sleep(millis)))
        expect(handle.ref.id).toBe("r1")
        expect(sent).toHaveLength(1)
        // After the first of the waits between tries, about a second.
        expect(sent[0]).toBeGreaterThanOrEqual(millis + 800)
        expect(sent[0]).toBeLessThanOrEqual(millis + 1200)
        expect(yield* fates).toEqual(["Accepted"])
      })
    )
  })

  it.each([0, 4000, 5000])("that took %i ms to write is sent at once", async (millis) => {
    await standingStill(({ sent, slow }) =>
      Effect.gen(function* () {
        yield* submitWith(slow(Effect.sleep(millis)))
        expect(sent).toEqual([millis])
      })
    )
  })

  it("that is too old five times in a row is given up as never sent, and leaves nothing", async () => {
    await standingStill(({ fates, sent, slow }) =>
      Effect.gen(function* () {
        const late = Array.from({ length: 5 }, () => Effect.sleep(6000))
        const error = yield* Effect.flip(submitWith(slow(...late)))
        expect(error).toMatchObject({ again: "submit", attempt: 5, reason: { _tag: "Unreachable" } })
        expect(String(error)).toContain("6 s passed before the first byte could go, so it was not sent")
        expect(String(error)).toContain("No job was made.")
        expect(sent).toEqual([])
        expect(yield* fates).toEqual([])
      })
    )
  })

  it("is renewed by each further attempt: the time of a refused connection does not age it", async () => {
    await standingStill(({ refuse, sent, slow }) =>
      Effect.gen(function* () {
        refuse(3)
        yield* submitWith(slow(...Array.from({ length: 4 }, () => Effect.sleep(3000))))
        expect(sent).toHaveLength(1)
      })
    )
  })

  it("of a machine that slept, whose monotonic clock stood still, is not sent, by the wall clock", async () => {
    await standingStill(({ sent, slow, step }) =>
      Effect.gen(function* () {
        const handle = yield* submitWith(slow(step(6000)))
        expect(handle.ref.id).toBe("r1")
        expect(sent).toHaveLength(1)
        expect(sent[0]).toBeGreaterThanOrEqual(800)
      })
    )
  })

  it("of a machine whose wall clock was set back meanwhile is not sent, by the monotonic clock", async () => {
    await standingStill(({ sent, slow, step }) =>
      Effect.gen(function* () {
        yield* submitWith(slow(Effect.andThen(Effect.sleep(6000), step(-hour))))
        expect(sent).toHaveLength(1)
        expect(sent[0]).toBeGreaterThanOrEqual(6800)
      })
    )
  })

  it("of a machine whose wall clock was set back, and that did not wait, is sent at once", async () => {
    await standingStill(({ sent, slow, step }) =>
      Effect.gen(function* () {
        yield* submitWith(slow(step(-hour)))
        expect(sent).toEqual([0])
      })
    )
  })

  it("does not age without a journal", async () => {
    await standingStill(({ sent }) =>
      Effect.gen(function* () {
        yield* Job.submit(provider, request)
        expect(sent).toEqual([0])
      })
    )
  })

  it("that is too old, and whose key was taken by another meanwhile, is not sent", async () => {
    await standingStill(({ fates, sent, slow }) =>
      Effect.gen(function* () {
        const journal = slow()
        yield* submitWith(journal)
        const [first] = yield* journal.entries
        if (first?._tag !== "Entry") return yield* Effect.die(new Error("there is no entry"))
        yield* journal.remove(first.id)
        // Another machine replaces it with its own while this one is frozen.
        const taking = Effect.andThen(journal.remove(first.id), journal.write({ ...first, attempt: "another" }))
        const late = slow(Effect.andThen(Effect.sleep(6000), Effect.orDie(taking)))
        const exit = yield* Effect.result(submitWith(late, { maySubmitAgain: true }))
        expect(exit).toMatchObject(
          exit._tag === "Success" ? { success: { ref: { id: "r1" } } } : { failure: { again: "submit", reason: { _tag: "Unreachable" } } }
        )
        const handle = yield* submitWith(journal, { maySubmitAgain: true })
        expect([handle.ref.id, sent.length]).toEqual(["r1", 1])
        expect(yield* fates).toEqual(["Accepted"])
      })
    )
  })
})
