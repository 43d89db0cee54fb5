import { Dialect, Job, Outbound, Provider, type VideoRequest } from "@reelay/core"
import { clientOver, type PromiseJob } from "@reelay/core/promise"
import { toObservable } from "@reelay/core/rxjs"
import { Transport } from "@reelay/node"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as fc from "fast-check"
import { getEventListeners } from "node:events"
import { createServer } from "node:http"
import { expect, it } from "vitest"

/** A provider that confirms a cancellation: none of the real ones documents one. Its jobs never end by themselves. */
const tiny = Provider.configure<VideoRequest.VideoRequest>({
  name: "tiny",
  title: "Tiny",
  baseUrl: "https://tiny.example.com",
  docs: "https://tiny.example.com/docs",
  capabilities: [{ model: "tiny-1", mode: "generate", prompt: "optional" }],
  polling: { firstDelay: 1, interval: 1, minInterval: 1, deadline: 600_000 },
  submission: ({ prompt }) => Effect.succeed({ kind: "generation", call: { method: "POST", path: `/submit/${prompt}` } }),
  receive: Dialect.receiver({ id: (json) => Dialect.idAt(json, "id") }),
  poll: ({ id }) => ({ method: "GET", path: `/jobs/${id}` }),
  cancel: ({ id }) => ({ method: "POST", path: `/cancel/${id}` }),
  interpret: Dialect.interpreter({
    schema: Schema.Struct({ status: Schema.String }),
    word: ({ status }) => status,
    statuses: { running: "running", cancelled: "cancelled" },
    read: {
      queued: () => ({ _tag: "Queued" }),
      running: () => ({ _tag: "Running" }),
      succeeded: () => ({ _tag: "Expired", billed: "unknown" }),
      failed: () => ({ _tag: "Expired", billed: "unknown" }),
      expired: () => ({ _tag: "Expired", billed: "unknown" }),
      cancelled: () => ({ _tag: "Cancelled", by: "provider", billed: "no" })
    }
  })
})

/** A server whose answers to polls come when the scheduler says so. */
const serve = async (scheduler: fc.Scheduler) => {
  const requests: Array<string> = []
  const open = new Set<object>()
  let sockets = 0
  const server = createServer((request, response) => {
    const path = request.url ?? ""
    requests.push(path)
    open.add(request)
    response.on("close", () => open.delete(request))
    const answer = (body: object) => {
      if (!response.destroyed) response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body))
    }
    if (path.startsWith("/submit/")) answer({ id: path.slice("/submit/".length) })
    else if (path.startsWith("/cancel/")) answer({ status: "cancelled" })
    else void scheduler.schedule(Promise.resolve(), `the answer to ${path}`).then(() => answer({ status: "running" }))
  })
  server.on("connection", (socket) => {
    sockets += 1
    socket.on("close", () => (sockets -= 1))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  const close = () => new Promise((resolve) => server.close(resolve))
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
  return { url, requests, open, sockets: () => sockets, close }
}

/** A watcher, and how to stop it; resolves once it has stopped. */
type Stop = () => Promise<unknown>
type Watched = PromiseJob & { readonly handle: Job.JobHandle }

const signals: Array<AbortSignal> = []
const means: Readonly<Record<string, (job: Watched) => Stop>> = {
  signal: (job) => {
    const controller = new AbortController()
    signals.push(controller.signal)
    const result = job.result({ signal: controller.signal }).catch((reason: unknown) => reason)
    return () => {
      controller.abort("enough")
      return result.then((reason) => expect(reason).toBe("enough"))
    }
  },
  fiber: ({ handle }) => {
    const fiber = Effect.runFork(Stream.runDrain(handle.states))
    return () => Effect.runPromise(Fiber.interrupt(fiber))
  },
  subscription: (job) => {
    const { unsubscribe } = job.subscribe({})
    return () => Promise.resolve(unsubscribe())
  },
  observable: ({ handle }) => {
    const subscription = toObservable(handle.states).subscribe()
    return () => Promise.resolve(subscription.unsubscribe())
  },
  iterator: (job) => {
    const states = job[Symbol.asyncIterator]()
    const read = (): Promise<unknown> => states.next().then(({ done }) => (done === true ? undefined : read()))
    void read()
    return async () => states.return?.()
  },
  cancel: (job) => {
    const end = job.result().catch((failure: unknown) => failure)
    return async () => {
      expect(await job.cancel()).toBe("Cancelled")
      expect(await end).toMatchObject({ _tag: "JobCancelled", state: { by: "caller" } })
    }
  }
}

/** Turns the event loop until a condition holds. The runner's own limit ends an endless wait. */
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}
/** What keeps the process alive, except for the runner's own sockets. */
const handles = (kind: string): number => process.getActiveResourcesInfo().filter((each) => each === kind).length
const stops = ["SIGINT", "SIGTERM", "SIGHUP"]
const listening = () => stops.map((name) => process.listenerCount(name))

const jobs = 100
const runs = 10

it("1,000 jobs that are left at random moments, by any means, leave no request, socket, timer or listener behind", async () => {
  const moments = fc.array(fc.tuple(fc.constantFrom(...Object.keys(means)), fc.nat(3)), { minLength: jobs, maxLength: jobs })
  let polls = 0
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), moments, async (scheduler, ways) => {
      const before = { timers: handles("Timeout"), listening: listening() }
      const server = await serve(scheduler)
      const scope = Effect.runSync(Scope.make())
      const pool = await Effect.runPromise(Layer.buildWithScope(Transport.layer({ connections: 16 }), scope))
      // Counted at the sender: the server may receive one after its sender was stopped.
      const count = new Map<string, number>()
      const left = new Set<string>()
      const late: Array<string> = []
      const counting = HttpClient.transform(Context.get(pool, HttpClient.HttpClient), (sent, { url }) =>
        Effect.suspend(() => {
          const path = new URL(url).pathname
          count.set(path, (count.get(path) ?? 0) + 1)
          if (left.has(path)) late.push(path)
          return sent
        })
      )
      const provider = tiny({ apiKey: "k", baseUrl: server.url })
      const client = clientOver<{ readonly prompt: string }, Watched>(
        Outbound.fromContext(Context.make(HttpClient.HttpClient, counting)),
        { provider, logLevel: "none" },
        { handle: Job.handleOf }
      )
      // Never aborted: only its user removes a listener.
      const lifelong = new AbortController().signal
      signals.push(lifelong)
      const all = ways.map(async ([way, after], index) => {
        const job = await client.submit({ prompt: String(index) }, { signal: lifelong })
        const stop = means[way]?.(job)
        // The moment: after `after` polls have begun, between any two answers.
        await until(() => (count.get(`/jobs/${index}`) ?? 0) >= after)
        await scheduler.schedule(Promise.resolve(), `${way} leaves ${index}`)
        await stop?.()
        left.add(`/jobs/${index}`)
      })
      await scheduler.waitFor(Promise.all(all))

      // Requests in flight are aborted: nothing waits for an answer that never comes.
      await until(() => server.open.size === 0)
      // Another poll would need a timer.
      await until(() => handles("Timeout") <= before.timers)
      await until(() => server.sockets() <= 16)
      await Effect.runPromise(Scope.close(scope, Exit.void))
      await until(() => server.sockets() === 0)
      await server.close()
      const posted = server.requests.filter((path) => path.startsWith("/submit/"))
      expect([posted.length, new Set(posted).size]).toEqual([jobs, jobs])
      expect(late).toEqual([])
      expect(signals.splice(0).flatMap((signal) => getEventListeners(signal, "abort"))).toEqual([])
      expect(listening()).toEqual(before.listening)
      polls += server.requests.filter((path) => path.startsWith("/jobs/")).length
    }),
    { numRuns: runs, endOnFailure: true }
  )
  // The moments are useful only if polls were in flight.
  expect(polls).toBeGreaterThan(jobs)
}, 120_000)
