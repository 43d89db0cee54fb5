import { createClient, type PromiseJob } from "@reelay/core/promise"
import type { JobState } from "@reelay/core"
import { xai } from "@reelay/providers/xai"
import * as fc from "fast-check"
import { expect, it } from "vitest"

/** A watcher that comes and goes: after how many polls, counted from the step before. */
const visitor = fc.record({
  way: fc.constantFrom("callbacks" as const, "iterator" as const),
  steps: fc.array(fc.nat(2), { minLength: 1, maxLength: 4 })
})

const json = (status: number, body: object): Response =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } })

/** A provider whose answers come when the scheduler says so, and whose job is done once `seen.done` is set. */
const net = (scheduler: fc.Scheduler) => {
  const seen = { posts: 0, polls: 0, open: 0, most: 0, aborted: 0, done: false }
  const fetch = async (_: unknown, { method, signal }: RequestInit = {}): Promise<Response> => {
    if (method === "POST") {
      seen.posts += 1
      return json(200, { request_id: "r1" })
    }
    seen.polls += 1
    seen.open += 1
    seen.most = Math.max(seen.most, seen.open)
    const poll = seen.polls
    return new Promise<Response>((resolve, reject) => {
      const over = (): void => {
        seen.open -= 1
        signal?.removeEventListener("abort", abort)
      }
      const abort = (): void => {
        seen.aborted += 1
        over()
        reject(signal?.reason)
      }
      signal?.addEventListener("abort", abort)
      void scheduler.schedule(Promise.resolve(), `answer ${poll}`).then(() => {
        if (signal?.aborted === true) return undefined
        over()
        const body = seen.done ? { status: "done", video: { url: "https://a.test/v.mp4" } } : { status: "pending", progress: poll % 100 }
        return resolve(json(200, body))
      })
    })
  }
  return { seen, fetch }
}

/** Turns the event loop until a condition holds. The runner's own limit ends an endless wait. */
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}
/**
 * Lets scheduled steps happen, some of them in one instant, and only once all candidates are scheduled: otherwise an answer would never
 * wait for a watcher.
 */
const drive = async (scheduler: fc.Scheduler, rush: ReadonlyArray<number>, goal: Promise<unknown>): Promise<void> => {
  const goals = new Set([goal])
  void goal.finally(() => goals.clear())
  for (let turn = 0; goals.size > 0; turn++) {
    for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve))
    const together = Math.min(scheduler.count(), rush[turn % rush.length] ?? 1)
    await Promise.all(Array.from({ length: together }, () => scheduler.waitOne()))
  }
}
const timers = (): number => process.getActiveResourcesInfo().filter((each) => each === "Timeout").length

/** Joins, and returns the states seen and a function to leave. */
const join = (job: PromiseJob, way: "callbacks" | "iterator") => {
  const states: Array<JobState.JobState> = []
  if (way === "callbacks") {
    const { unsubscribe } = job.subscribe({ next: (state) => void states.push(state) })
    return { states, leave: unsubscribe }
  }
  const loop = job[Symbol.asyncIterator]()
  const read = (): Promise<void> =>
    loop.next().then((step) => {
      if (step.done === true) return undefined
      states.push(step.value)
      return read()
    })
  void read()
  return { states, leave: () => void loop.return?.() }
}

/** What one visit may see: it begins with the current state, and only moves forward. */
const onwards = (states: ReadonlyArray<JobState.JobState>): boolean =>
  states.every((state, index) => {
    const before = states[index - 1]
    if (before === undefined) return true
    if (before._tag === "Succeeded") return false
    return state._tag !== "Running" || before._tag !== "Running" || (state.progress ?? 0) >= (before.progress ?? 0)
  })

it("watchers come and go, in any order with the answers: one poller serves all while there is a watcher, and none polls after that", async () => {
  let cut = 0
  let shared = 0
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(visitor, { minLength: 2, maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1 }),
      async (scheduler, visitors, rush) => {
        const before = timers()
        const { fetch, seen } = net(scheduler)
        const job = await createClient({ provider: xai({ apiKey: "k" }), fetch, pace: 1, logLevel: "none" }).submit({ prompt: "A candle." })
        let present = 0
        const visits: Array<ReadonlyArray<JobState.JobState>> = []
        const all = visitors.map(async ({ steps, way }, index) => {
          let visit: ReturnType<typeof join> | undefined
          // An odd number of steps would leave a watcher.
          for (const [step, after] of (steps.length % 2 === 0 ? steps : [...steps, 0]).entries()) {
            const from = seen.polls
            // There is no poll without a watcher.
            await until(() => present === 0 || seen.polls >= from + after)
            await scheduler.schedule(Promise.resolve(), `${index}: ${step % 2 === 0 ? "comes" : "goes"}`)
            if (visit === undefined) {
              present += 1
              if (present > 1) shared += 1
              visit = join(job, way)
              visits.push(visit.states)
            } else {
              visit.leave()
              visit = undefined
              present -= 1
            }
          }
        })
        await drive(scheduler, rush, Promise.all(all))

        // The last one has left: the poll in flight is aborted, and another poll would need a timer.
        await until(() => seen.open === 0)
        await until(() => timers() <= before)
        cut += seen.aborted
        expect(seen.most).toBeLessThanOrEqual(1)

        // Returning resumes it, to its end, for any number of watchers.
        const polls = seen.polls
        seen.done = true
        const returned = [join(job, "callbacks"), join(job, "iterator")]
        const end = job.result()
        await drive(scheduler, rush, end)
        await until(() => returned.every(({ states }) => states.at(-1)?._tag === "Succeeded"))
        expect([seen.posts, seen.polls, seen.open, seen.most]).toEqual([1, polls + 1, 0, 1])
        expect([...visits, ...returned.map(({ states }) => states)].filter((states) => !onwards(states))).toEqual([])
        await until(() => timers() <= before)
      }
    ),
    { numRuns: 100, endOnFailure: true }
  )
  // The test is useful only if polls were in flight when the last one left, and if several watched at once.
  expect(cut).toBeGreaterThan(10)
  expect(shared).toBeGreaterThan(10)
}, 60_000)
