/** One submission, one payment: for any caller, any number of calls, any API. The mock says how many jobs there are. */
import { Job, Journal } from "@reelay/core"
import { createClient } from "@reelay/core/promise"
import { submit$ } from "@reelay/core/rxjs"
import { Script as Life } from "@reelay/mock-server"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as fc from "fast-check"
import { lastValueFrom, type Observable, of, repeat, retry, Subject, switchMap, takeUntil, toArray } from "rxjs"
import { describe, expect, it } from "vitest"
import { type Mutant, play, type Reached, type Script, scripts } from "./submissionPlay.ts"
import { inWorld, provider, type World } from "./submissionWorld.ts"

const request = { prompt: "A candle." }
const lost = { prompt: "A candle, mock:lost-submit." }
const pace = 2000
const one = () => "one"

/** How an Observable ended for a subscriber. */
const endOf = <A>(states: Observable<A>): Promise<unknown> =>
  lastValueFrom(states).then(
    (value) => ({ value }),
    (error: unknown) => error
  )

const settled = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => error
  )

const observed = (world: World, video: typeof request, options: Job.SubmitOptions = {}) => {
  const { journal } = world.process
  return submit$(provider, video, { pace, ...options, transport: world.services(one), ...(journal === undefined ? {} : { journal }) })
}

const client = (world: World) => createClient({ provider, fetch: world.fetch(one), pace, logLevel: "none", journal: world.process.journal })

/** POSTs sent, and jobs made. */
const bill = ({ mock, posts }: World) => [posts.length, mock.jobs.length]

const minutes = 60_000

const asap = () => new Promise((resolve) => setImmediate(resolve))

describe("an Observable of a submission", () => {
  it("T39: submit$ with retry(3) after a 502 sends one POST, and gives the same error each time", () =>
    inWorld(async (world) => {
      const errors: Array<unknown> = []
      const states = observed(world, lost)
      const end = await endOf(states.pipe(retry({ count: 3, delay: (error) => (errors.push(error), of(0)) })))
      expect([bill(world), errors.length, new Set([...errors, end]).size]).toEqual([[1, 1], 3, 1])
      expect(end).toMatchObject({ reason: { _tag: "SubmitUnknown" } })
    }))

  it("T39: a retry() without a count sends nothing again, for as long as it continues", () =>
    inWorld(async (world) => {
      const errors: Array<unknown> = []
      const stop = new Subject<void>()
      const end = endOf(observed(world, lost).pipe(retry({ delay: (error) => (errors.push(error), asap()) }), takeUntil(stop)))
      await world.pass(1)
      while (errors.length < 50) await asap()
      stop.next()
      await end
      expect(bill(world)).toEqual([1, 1])
    }))

  it("T39: three plain subscriptions one after the other, after a 502, send one POST and get one error", () =>
    inWorld(async (world) => {
      const states = observed(world, lost)
      const ends = [await endOf(states), await endOf(states), await endOf(states)]
      expect([bill(world), new Set(ends).size]).toEqual([[1, 1], 1])
    }))

  it("T39: repeat follows the existing job", () =>
    inWorld(async (world) => {
      const tags = await lastValueFrom(observed(world, request).pipe(repeat(3), toArray()))
      expect([bill(world), tags.filter(({ _tag }) => _tag === "Succeeded").length]).toEqual([[1, 1], 3])
    }))

  it("T39: a refusal is final for the value: retry sends nothing again", () =>
    inWorld(async (world) => {
      world.fates.push({ kind: "Refused" })
      const end = await endOf(observed(world, request).pipe(retry(3)))
      expect([bill(world), end]).toMatchObject([[1, 0], { reason: { _tag: "SubmitRejected" } }])
    }))

  it("T40: subscribing and unsubscribing in one tick sends nothing", () =>
    inWorld(async (world) => {
      observed(world, request).subscribe().unsubscribe()
      await world.pass(minutes)
      expect([bill(world), world.data.size]).toEqual([[0, 0], 0])
    }))

  it("T40: StrictMode, subscribing, unsubscribing and subscribing in one tick, pays once", () =>
    inWorld(async (world) => {
      const states = observed(world, request)
      states.subscribe().unsubscribe()
      const end = await lastValueFrom(states)
      expect([bill(world), end._tag]).toEqual([[1, 1], "Succeeded"])
    }))

  it("T40: StrictMode with two Observables pays once", () =>
    inWorld(async (world) => {
      observed(world, request).subscribe().unsubscribe()
      const end = await lastValueFrom(observed(world, request))
      expect([bill(world), end._tag]).toEqual([[1, 1], "Succeeded"])
    }))

  it("T40: switchMap with three values in one tick pays once", () =>
    inWorld(async (world) => {
      const videos = of("fox", "owl", "hen").pipe(switchMap((prompt) => observed(world, { prompt })))
      const end = await lastValueFrom(videos)
      expect([world.posts.map(({ prompt }) => prompt), world.mock.jobs.length, end._tag]).toEqual([["hen"], 1, "Succeeded"])
    }))
})

describe("an Effect of a submission", () => {
  /** Polls never answer anything but 502. */
  const silent = { ...Life.success(10_000), faults: [{ name: "poll-unaccepted-5xx", requests: { after: 0 } }] }

  it("T39: Stream.retry over the states of one submission pays once and keeps the pace, though it never ends", () =>
    inWorld(async (world) => {
      world.mock.play(silent)
      const states = Effect.map(Job.submission(provider, request, { pace, maxConsecutiveFailures: 1 }), ({ job }) =>
        // Each run begins with a state, which renews what `recurs` allows.
        Stream.retry(Stream.unwrap(Effect.map(job, (handle) => handle.states)), Schedule.recurs(3))
      )
      await world.run(Effect.timeoutOption(Stream.runDrain(Stream.unwrap(states)), "2 minutes"), one)
      const polls = world.mock.jobs[0]?.polls ?? 0
      expect([bill(world), polls > 10, polls <= (2 * minutes) / pace]).toEqual([[1, 1], true, true])
    }))

  it("T39: Effect.retry of submission and result while the error may be repeated pays once", () =>
    inWorld(async (world) => {
      world.mock.play(silent)
      const result = Effect.flatMap(Job.submission(provider, request, { pace, maxConsecutiveFailures: 1 }), ({ job }) =>
        Effect.retry(
          Effect.flatMap(job, (handle) => handle.result),
          { times: 3, while: (error) => error._tag === "JobError" && error.again !== "never" }
        )
      )
      const exit = await world.run(Effect.exit(result), one)
      expect([bill(world), Exit.isFailure(exit), world.mock.jobs[0]?.polls]).toEqual([[1, 1], true, 4])
    }))

  it("T39: Effect.retry of a cold Job.submit by its flag does not pay again after a failed poll", () =>
    inWorld(async (world) => {
      world.mock.play(silent)
      const result = Effect.retry(
        Effect.flatMap(Job.submit(provider, request, { pace, maxConsecutiveFailures: 1 }), (handle) => handle.result),
        { times: 3, while: (error) => error._tag === "JobError" && error.again === "submit" }
      )
      await world.run(Effect.exit(result), one)
      expect(bill(world)).toEqual([1, 1])
    }))

  it("T40: being interrupted in the tick of the call sends nothing", () =>
    inWorld(async (world) => {
      const fiber = world.fork(Job.submit(provider, request), one)
      fiber.interruptUnsafe()
      await world.pass(minutes)
      expect([bill(world), world.data.size]).toEqual([[0, 0], 0])
    }))
})

describe("a promise of a submission", () => {
  it("T40: submitting and aborting in one tick sends nothing", () =>
    inWorld(async (world) => {
      const controller = new AbortController()
      const job = settled(client(world).submit(request, { signal: controller.signal }))
      controller.abort("left")
      expect(await job).toBe("left")
      await world.pass(minutes)
      expect([bill(world), world.data.size]).toEqual([[0, 0], 0])
    }))

  it("T40: StrictMode with two clients pays once", () =>
    inWorld(async (world) => {
      const controller = new AbortController()
      const left = settled(client(world).submit(request, { signal: controller.signal }))
      controller.abort("left")
      const job = await client(world).submit(request)
      expect([await left, bill(world), (await job.result())._tag]).toEqual(["left", [1, 1], "Succeeded"])
    }))

  it("T40: StrictMode with two clients and one key pays once, whether it is left or not", () =>
    inWorld(async (world) => {
      const jobs = await Promise.all([client(world).submit(request, { key: "fox" }), client(world).submit(request, { key: "fox" })])
      expect([bill(world), new Set(jobs.map(({ ref }) => ref.id)).size]).toEqual([[1, 1], 1])
    }))

  it("T39: a submission value gives the same job, or the same error, to every caller", () =>
    inWorld(async (world) => {
      const submission = await client(world).submission(request)
      const jobs = [await submission.job(), await submission.job()]
      const other = await client(world).submission(lost)
      const errors = [await settled(other.job()), await settled(other.job())]
      expect([bill(world), new Set(jobs.map(({ ref }) => ref.id)).size, new Set(errors).size]).toEqual([[2, 2], 1, 1])
    }))
})

describe("a batch", () => {
  const films = [["fox", { prompt: "A fox." }]] as const
  const batch = (world: World, given: Iterable<readonly [string, typeof request]> = films, options: Job.RunAllOptions = {}) =>
    world.run(Stream.runCollect(Job.runAll(provider, given, { batch: "winter", pace, ...options })), one)

  it("T41: that ran and was pruned runs again without a POST", () =>
    inWorld(async (world) => {
      await batch(world)
      await world.pass(1000)
      expect(await world.keep(Journal.prune(0))).toBe(1)
      const again = await batch(world)
      world.restart()
      const later = await batch(world)
      expect([bill(world), again.length > 0, later.every(({ _tag }) => _tag === "State")]).toEqual([[1, 1], true, true])
    }))

  it("T41: whose SubmitUnknown was forgotten runs again without a POST", () =>
    inWorld(async (world) => {
      const given = [["fox", lost]] as const
      await batch(world, given)
      expect(await world.keep(Journal.forget({ batch: "winter", key: "fox" }))).toBe(1)
      const again = await batch(world, given)
      await world.pass(11 * minutes)
      world.restart()
      const later = await batch(world, given)
      expect([bill(world), again, later]).toMatchObject([
        [1, 1],
        [{ _tag: "Error", error: { reason: { _tag: "SubmitUnknown" } } }],
        [{ _tag: "Error", error: { reason: { _tag: "SubmitUnknown" } } }]
      ])
    }))

  it("T41: whose SubmitUnknown was forgotten with maySubmitAgain runs again with one POST", () =>
    inWorld(async (world) => {
      world.fates.push({ kind: "Lost" })
      await batch(world)
      await world.keep(Journal.forget({ batch: "winter", key: "fox" }, { maySubmitAgain: true }))
      await batch(world)
      await batch(world)
      expect(bill(world)).toEqual([2, 2])
    }))

  it("continues with the refused requests after a top-up", () =>
    inWorld(async (world) => {
      world.fates.push({ kind: "Refused" })
      const first = await batch(world)
      await batch(world)
      expect([bill(world), first]).toMatchObject([[2, 1], [{ _tag: "Error" }]])
    }))
})

const submitted = (world: World, options: Job.SubmitOptions = {}) =>
  world.run(Effect.exit(Job.submit(provider, request, { pace, ...options })), one)

describe("the same request", () => {
  it.each([true, false])("T47: is refused for ten minutes after a SubmitUnknown, with the same error (journal: %s)", (hasJournal) =>
    inWorld(
      async (world) => {
        world.fates.push({ kind: "Lost" })
        const first = await submitted(world)
        await world.pass(9 * minutes)
        const second = await submitted(world)
        expect([bill(world), second]).toEqual([[1, 1], first])
        await world.pass(1.1 * minutes)
        const third = await submitted(world)
        expect([bill(world), third._tag]).toEqual([[2, 2], "Success"])
      },
      { hasJournal }
    )
  )

  it("T47: is posted at once with maySubmitAgain", () =>
    inWorld(async (world) => {
      world.fates.push({ kind: "Lost" })
      await submitted(world)
      const second = await submitted(world, { maySubmitAgain: true })
      expect([bill(world), second._tag]).toEqual([[2, 2], "Success"])
    }))

  it("T47: is refused by a process that was started since, if the journal has the SubmitUnknown or an intent whose process died", async () => {
    for (const kind of ["Lost", "Silent"] as const) {
      await inWorld(async (world) => {
        world.fates.push({ kind })
        const first = submitted(world)
        await world.pass(1000)
        world.restart()
        const second = await submitted(world)
        expect([kind, bill(world), second]).toMatchObject([kind, [1, 1], { _tag: "Failure" }])
        void first
      })
    }
  })

  it("T47: four at once that are all accepted are four jobs", () =>
    inWorld(async (world) => {
      const all = await Promise.all(Array.from({ length: 4 }, () => submitted(world)))
      expect([bill(world), all.map(({ _tag }) => _tag)]).toEqual([
        [4, 4],
        ["Success", "Success", "Success", "Success"]
      ])
    }))
})

describe("maxSubmissions", () => {
  const most = { maxSubmissions: { limit: 2, window: "1 hour" } } as const
  const submittedIn = (world: World, prompt: string) => world.run(Effect.exit(Job.submit(provider, { prompt }, { pace, ...most })), one)

  it.each([true, false])("T48: the third within an hour is RateLimited and unsent, and is sent an hour later (journal: %s)", (hasJournal) =>
    inWorld(
      async (world) => {
        const exits = [await submittedIn(world, "a"), await submittedIn(world, "b"), await submittedIn(world, "c")]
        expect([bill(world), exits.map(({ _tag }) => _tag)]).toEqual([
          [2, 2],
          ["Success", "Success", "Failure"]
        ])
        await world.pass(61 * minutes)
        expect([(await submittedIn(world, "c"))._tag, bill(world)]).toEqual(["Success", [3, 3]])
      },
      { hasJournal }
    )
  )

  it("T48: counts across a restart, by the journal", () =>
    inWorld(async (world) => {
      await submittedIn(world, "a")
      world.restart()
      const exits = [await submittedIn(world, "b"), await submittedIn(world, "c")]
      expect([bill(world), exits.map(({ _tag }) => _tag)]).toEqual([
        [2, 2],
        ["Success", "Failure"]
      ])
    }))

  it("T48: a request that was certainly not accepted does not count", () =>
    inWorld(async (world) => {
      world.fates.push({ kind: "Refused" }, { kind: "Refused" }, { kind: "Refused" })
      for (const prompt of ["a", "b", "c"]) await submittedIn(world, prompt)
      const exits = [await submittedIn(world, "d"), await submittedIn(world, "e"), await submittedIn(world, "f")]
      expect([bill(world), exits.map(({ _tag }) => _tag)]).toEqual([
        [5, 2],
        ["Success", "Success", "Failure"]
      ])
    }))
})

describe("a client that closes", () => {
  it("finishes a POST that has begun, and its promise resolves with the job", () =>
    inWorld(async (world) => {
      world.fates.push({ kind: "Accepted", after: 15_000 })
      const mine = client(world)
      const job = mine.submit(request)
      await world.pass(1000)
      await mine.close()
      expect([world.now, bill(world), (await job).ref.id]).toEqual([15_000, [1, 1], world.mock.jobs[0]?.id])
    }))

  it("sends nothing for one that waits for admission", () =>
    inWorld(async (world) => {
      world.fates.push({ kind: "Busy" })
      const mine = client(world)
      const job = settled(mine.submit(request))
      await world.pass(1000)
      await mine.close()
      await world.pass(minutes)
      expect([bill(world), await job, world.data.size]).toMatchObject([[1, 0], { _tag: "ClientClosed" }, 0])
    }))

  it("stops polling, and rejects every later call", () =>
    inWorld(async (world) => {
      const mine = client(world)
      const job = await mine.submit(request)
      const result = settled(job.result())
      const submission = await mine.submission({ prompt: "An owl." })
      await world.pass(3000)
      await mine.close()
      const polls = world.mock.jobs[0]?.polls
      await world.pass(minutes)
      const later = [
        mine.submit(request),
        mine.submission(request),
        submission.job(),
        job.result(),
        mine.attach(job.ref),
        mine.run(request)
      ]
      expect([await result, ...(await Promise.all(later.map(settled)))].map((each) => Reflect.get(Object(each), "_tag"))).toEqual(
        Array.from({ length: 7 }, () => "ClientClosed")
      )
      expect([bill(world), world.mock.jobs[0]?.polls]).toEqual([[1, 1], polls])
    }))

  it("closes at the end of a block with await using", () =>
    inWorld(async (world) => {
      world.fates.push({ kind: "Accepted", after: 5000 })
      let job: Promise<unknown>
      {
        await using mine = client(world)
        job = settled(mine.submit(request))
        await world.pass(1000)
      }
      expect([world.now, bill(world), await job]).toMatchObject([5000, [1, 1], { value: { ref: { id: world.mock.jobs[0]?.id } } }])
    }))
})

describe("any calls, leaves, repeats, forgets, kills and restarts, in any order", () => {
  /** What plays must have reached, or they prove little. */
  const least: Readonly<Record<string, number>> = {
    POSTs: 2000,
    "a value asked again": 500,
    "a key asked again": 50,
    "a key asked with another request": 20,
    "a key made new": 50,
    "left at once": 500,
    onUnknown: 100,
    closed: 50,
    killed: 300,
    "killed with a POST on its way": 50,
    "frozen after an intent": 100,
    "taken over": 25,
    "pruned a key": 10,
    "forgotten, to be submitted again: Success": 50,
    "forgotten, with its key kept: Success": 50,
    "resolved as a job: Success": 50,
    "resolved as NotCreated: Success": 25,
    "resumed: State": 50,
    "got a job": 1000,
    "got SubmitUnknown": 500,
    "got SubmitRejected": 100,
    "asked through effect": 200,
    "asked through submit": 200,
    "asked through rxjs": 200,
    "asked through rxjs-retry": 200,
    "asked through rxjs-repeat": 200,
    "asked through client": 200,
    "asked through client-value": 200,
    "asked through batch": 200,
    "asked through batch-retry": 200
  }

  // The same plays each time, so that a verdict depends on the code alone. `PLAYS=30000` searches further, with others each time.
  const plays = process.env["PLAYS"]
  const search = plays === undefined ? { numRuns: 1500, seed: 20_261_130 } : { numRuns: Number(plays) }

  it("nothing is ever paid for twice, no job is lost, and asking again gives the same", async () => {
    const reached: Reached = new Map()
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        const { findings, log } = await play(script, reached)
        if (findings.length > 0) throw new Error([...findings, ...log].join("\n"))
      }),
      search
    )
    const short = Object.entries(least).filter(([what, times]) => (reached.get(what) ?? 0) < times)
    expect(short.map(([what]) => `${what}: ${reached.get(what) ?? 0}`)).toEqual([])
  }, 3_600_000)
})

/** Repeats a POST after a reset, as some transports do. */
const insistent =
  (fetch: typeof globalThis.fetch): typeof globalThis.fetch =>
  (input, init) =>
    fetch(input, init).catch((error: unknown) => {
      if (init?.method !== "POST") throw error
      return fetch(input, init)
    })

type Store = Journal.Journal["Service"]
const journals = {
  overwrites: (journal: Store): Store => ({ ...journal, create: (entry) => Effect.as(journal.write(entry), true) }),
  "keeps nothing": (journal: Store): Store => ({ ...journal, create: () => Effect.succeed(true), write: () => Effect.void }),
  "drops unknown fates": (journal: Store): Store => ({
    ...journal,
    swap: (id, attempt, to) => journal.swap(id, attempt, to?._tag === "Entry" && to.fate._tag === "Unknown" ? undefined : to)
  })
}

/** A case that chance rarely finds: a process is frozen as it waits for its second attempt, and meanwhile another one submits under the same key. */
const asked = { _tag: "Ask", again: undefined, api: "effect", prompt: 0, key: 0, may: false, leave: "never" } as const
const overtaken: Script = {
  hasJournal: true,
  fates: [{ kind: "Busy" }],
  steps: [
    { action: asked, pause: 1000 },
    { action: { _tag: "Freeze", at: "now", millis: 20_000, takenOver: true }, pause: 0 },
    { action: asked, pause: 11_000 }
  ]
}

/** The engine's surroundings, broken on purpose, and the judge's finding. */
const mutants: ReadonlyArray<{ readonly name: string; readonly finds: RegExp; readonly mutant: Mutant; readonly script?: Script }> = [
  { name: "an Observable that submits again for each subscription", finds: /paid (twice|\d+ times)/u, mutant: { isCold: true } },
  { name: "a transport that repeats a POST after a reset", finds: /paid (twice|\d+ times)/u, mutant: { tampered: { fetch: insistent } } },
  {
    name: "a journal that overwrites",
    finds: /paid (twice|\d+ times)/u,
    mutant: { tampered: { journal: journals.overwrites } },
    script: overtaken
  },
  {
    name: "a journal that keeps no intent",
    finds: /unknown to every process/u,
    mutant: { tampered: { journal: journals["keeps nothing"] } }
  },
  {
    name: "a journal that drops unknown outcomes",
    finds: /paid (twice|\d+ times)/u,
    mutant: { tampered: { journal: journals["drops unknown fates"] } }
  },
  { name: "pruning that leaves nothing of a key", finds: /paid (twice|\d+ times)/u, mutant: { prunesKeys: true } },
  { name: "forgetting that makes a key new", finds: /paid (twice|\d+ times)/u, mutant: { forgetsKeys: true } },
  { name: "a user who says NotCreated without checking", finds: /paid (twice|\d+ times)/u, mutant: { isDishonest: true } },
  { name: "a shell that ignores an unknown outcome of the same request", finds: /is posted though/u, mutant: { hasNoGuard: true } },
  { name: "a shell that continues after it was left", finds: /left in the tick of the call/u, mutant: { staysOn: true } }
]

describe("a mutant", () => {
  it("is the cause, and not the script that was written for it", async () => {
    expect((await play(overtaken)).findings).toEqual([])
  })

  it.each(mutants)("is caught: $name", async ({ finds, mutant, script: known }) => {
    let found: string | undefined
    for (const script of known === undefined ? fc.sample(scripts, { numRuns: 1000, seed: 7 }) : [known]) {
      const { findings } = await play(script, new Map(), mutant)
      found = findings.find((finding) => finds.test(finding))
      if (found !== undefined) break
    }
    expect(found).toMatch(finds)
  })
})
