/**
 * The mock as a function from Request to Response: no socket, no timer, no clock of its own.
 *
 * What it answers depends on the requests so far, the seed, and what `now` says; so it runs the same on a real clock, on one that a test sets, and
 * on Effect's TestClock. Hosts (`@reelay/mock-server/node`) are thin shells around `handle`.
 *
 * @since 0.1.0
 */
import * as EffectClock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { preflight, readable } from "../answer/cors.ts"
import type { Delivery } from "../answer/delivery.ts"
import { respond } from "../answer/respond.ts"
import { shown } from "../base/shown.ts"
import { type Mode, Time } from "../base/time.ts"
import { Explorer } from "../explore/explorer.ts"
import { type Options as WorldOptions, type Place, Worlds } from "../explore/worlds.ts"
import type { Trace } from "../judge/History.ts"
import type { JobView } from "../judge/JobView.ts"
import { calledOf } from "../provider/Provider.ts"
import * as BuiltIn from "../providers/index.ts"
import type { Waiting } from "../script/choice.ts"
import * as Fault from "../script/Fault.ts"
import * as Script from "../script/Script.ts"
import * as Api from "../serve/api.ts"
import * as Gateway from "../serve/gateway.ts"
import { ageOf, Jobs, momentOf, nextEventIn, type Tracked } from "../serve/jobs.ts"
import { carriesKey, Journal, keyOf, originHeader, pathWithout, redact, secretOf } from "../serve/Journal.ts"
import { nearest } from "../serve/nearest.ts"
import { consolePathOf, contractRouteOf, routeOf } from "../serve/route.ts"
import { admin } from "./admin.ts"
import { Pulse } from "./console/pulse.ts"
import type { Mock, Options } from "./contract.ts"
import { check, originOf } from "./options.ts"

/** @category models */
export type { Clock, Mock, Mode, Options } from "./contract.ts"
/** @category models */
export type { JobView } from "../judge/JobView.ts"
/** @category models */
export type { Cut, Delivery } from "../answer/delivery.ts"
/** @category converting */
export { respond } from "../answer/respond.ts"

/**
 * A mock whose time is `now`: milliseconds since the epoch. There is no default, so that no test depends on the hour by accident. Throws a
 * TypeError that names the option if one makes no sense.
 *
 * @example
 * ```ts
 * import { Mock } from "@reelay/mock-server"
 *
 * let now = 0
 * const mock = Mock.make({ now: () => now, duration: 10_000 })
 * const post = new Request("http://mock/xai/v1/videos/generations", {
 *   method: "POST",
 *   headers: { authorization: "Bearer key", "content-type": "application/json" },
 *   body: JSON.stringify({ prompt: "A candle, mock:fail" })
 * })
 * const { request_id } = await (await mock.handle(post)).json()
 * now = 10_000
 * const get = new Request(`http://mock/xai/v1/videos/${request_id}`, { headers: { authorization: "Bearer key" } })
 * await (await mock.handle(get)).json() // { status: "failed", error: { … } }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options & { readonly now: () => number }): Mock => {
  const { providers: played = BuiltIn.providers } = options
  check({ ...options, providers: played })
  const filesAt = options.filesAt === undefined ? undefined : originOf(options.filesAt)
  const given = { ...options, ...(filesAt === undefined ? {} : { filesAt }) }
  const { cors = false, maxBodyBytes, now, onAnswer } = given
  const shared = {
    now,
    ...(filesAt === undefined ? {} : { filesAt }),
    ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }),
    ...(onAnswer === undefined ? {} : { onAnswer })
  }
  const time = timeOf(given)
  const cast = { providers: played, catalogue: options.providers === undefined ? BuiltIn.catalogue : Fault.catalogueOf(played) }
  const names = played.map(({ name }) => name)
  const inside = (own: WorldOptions, place: Place) => build({ ...shared, ...own }, cast, place, own.clock === undefined ? time : undefined)
  const mock = build(given, cast, new Worlds(inside, { names, catalogue: cast.catalogue }), time)
  return cors ? Object.assign(mock, { deliver: toPages(mock.deliver) }) : mock
}

const toPages =
  (deliver: Mock["deliver"]): Mock["deliver"] =>
  async (request, host) => {
    const answer = preflight(request)
    return answer === undefined ? readable(await deliver(request, host), request) : { answer }
  }

const timeOf = ({ clock = "given", now, starts }: Options & { readonly now: () => number }): Time => new Time(now, clock, starts)

/** Who plays, and what can go wrong with them: the same in all worlds of a mock. */
type Cast = Pick<Mock, "providers" | "catalogue">

/** A mock, and the worlds in it; or one that is such a world, at a place of its own, and with the time of its mock if it has none. */
const build = (options: Options & { readonly now: () => number }, cast: Cast, outside: Worlds<Mock> | Place, given?: Time): Mock => {
  const { duration = 10_000, onAnswer } = options
  const seed = String(options.seed ?? "reelay")
  const [worlds, place] = outside instanceof Worlds ? [outside] : [undefined, outside]
  const explorer = worlds === undefined ? undefined : new Explorer(worlds, cast.providers, cast.catalogue)
  const time = given ?? timeOf(options)
  const now = (): number => time.now()
  const jobs = new Jobs(() => time.close())
  const journal = new Journal()
  const pulse = new Pulse()
  const waiting: Array<Waiting> = []
  const traces: Array<Trace> = []
  /** Where clients ask the API. */
  const apiOrigins = new Set<string>()

  const { catalogue, providers: players } = cast
  const api = Api.make({ ...options, catalogue, duration, seed, under: place?.under ?? "" }, { jobs, waiting, now })

  const deliverApi = async (request: Request, url: URL, host: Fault.Needs, isUpstream = false): Promise<Delivery> => {
    const route = routeOf(players, url.pathname)
    const gateway = gateways.find(({ provider }) => provider === route.provider)
    const key = keyOf(request.headers)
    const secret = secretOf(request.headers)
    const provider = route.provider === undefined ? undefined : calledOf(route.provider)
    const owner = route._tag === "file" ? jobs.find(route.provider.name, route.id)?.owner : undefined
    const origin = request.headers.get(originHeader) ?? url.origin
    if (route._tag === "submit" || route._tag === "poll" || route._tag === "content") apiOrigins.add(origin)
    const complete = journal.begin({
      at: now(),
      method: request.method,
      path: pathWithout(url.pathname, secret),
      route: route._tag,
      ...(provider === undefined ? {} : { provider }),
      authorised: key !== undefined && api.accepts(key),
      ...(isUpstream ? { isUpstream } : {}),
      ...(route._tag === "file" && carriesKey(request.headers, url.searchParams, owner)
        ? { keySent: true as const, ...(apiOrigins.has(origin) ? { isAtApi: true as const } : {}) }
        : {}),
      headers: redact(
        request.headers,
        [secret, owner].filter((each) => each !== undefined)
      )
    })
    pulse.beat()
    const {
      answer: said,
      body,
      cut,
      fault,
      intent,
      isStray,
      jobId,
      linkGoodUntil,
      received,
      told
    } = await (gateway ?? api).answer(route, request, url, key, host)
    const asked = said.status === 429 && cut === undefined ? retryAfter(said.headers?.["retry-after"], now()) : undefined
    const isLost = route._tag === "unknown" || said.status === 405
    const entry = complete({
      ...(isLost ? { nearest: nearest(players, request.method, pathWithout(url.pathname, secret), place?.base) } : {}),
      ...(body === undefined ? {} : { body: shown(body, secret) }),
      ...(intent === undefined ? {} : { intent }),
      ...(told === undefined ? {} : { told }),
      ...(linkGoodUntil === undefined ? {} : { linkGoodUntil }),
      ...(isStray === undefined ? {} : { isStray }),
      ...(asked === undefined ? {} : { retryAfter: asked }),
      ...(cut?.at === "start" ? {} : { answer: { headers: said.headers ?? {}, body: shown(said.body, secret) } }),
      ...(cut?.at === "start" ? {} : { status: said.status }),
      ...(jobId === undefined ? {} : { jobId: pathWithout(jobId, secret) }),
      ...(fault === undefined ? {} : { fault }),
      ...(received === undefined ? {} : { received }),
      ...(cut === undefined ? {} : { cut: cut.by })
    })
    pulse.beat()
    onAnswer?.(entry)
    return cut === undefined ? { answer: said } : { answer: said, cut }
  }

  const gateways = players.flatMap((provider) => {
    const { gateway } = provider
    const upstream = players.find(({ name }) => name === gateway?.upstream)
    if (gateway === undefined || upstream === undefined) return []
    return Gateway.make(
      { provider, gateway, upstream },
      { ...options, catalogue, seed },
      {
        now,
        accepts: api.accepts,
        ask: (request, host) => deliverApi(request, new URL(request.url), host, true),
        shareOf: (id) => {
          const found = jobs.find(upstream.name, id)
          return found === undefined || found.job.life.end === 0 ? 1 : ageOf(found, now()) / found.job.life.end
        }
      }
    )
  })

  /** What the client of a gateway was told of an upstream's job. */
  const taskOf = (id: string): Pick<Tracked, "endToldAt" | "linkGoodUntil"> | undefined => {
    for (const gateway of gateways) {
      const task = gateway.taskOf(id)
      if (task !== undefined) return task
    }
    return undefined
  }

  const stateOf = (tracked: Tracked): JobView["state"] => {
    const moment = momentOf(tracked, now())
    switch (moment._tag) {
      case "Submitted":
        return "submitted"
      case "Queued":
        return "queued"
      case "Running":
        return "running"
      case "Ended":
        return moment.ending
    }
  }

  const viewOf = (tracked: Tracked): JobView => {
    const { asked, fetched, intent, job } = tracked
    // What a gateway was told, its client was not yet.
    const { endToldAt, linkGoodUntil } = taskOf(job.id) ?? tracked
    return {
      ...job,
      polls: asked.poll,
      state: stateOf(tracked),
      intent,
      fetched,
      ...(endToldAt === undefined ? {} : { endToldAt }),
      ...(linkGoodUntil === undefined ? {} : { linkGoodUntil })
    }
  }

  const taskViews = (): ReadonlyArray<JobView> =>
    gateways.flatMap(({ provider, tasks, upstream: { name } }) =>
      tasks.flatMap(({ hasFailed, id, polls, upstream }) => {
        const found = jobs.find(name, upstream)
        if (found === undefined) return []
        const view = viewOf(found)
        const state = hasFailed ? "gateway-failed" : view.state
        return [{ ...view, id, upstream, gateway: provider.name, provider: calledOf(provider), polls, state }]
      })
    )

  /** Tells a client whose time is not the real one how late it is here. */
  const timed = (delivery: Delivery): Delivery => {
    if (time.mode === "given") return delivery
    const { nextEventIn: wait, now: at } = self.clock
    const told = { "x-mock-now": String(at), ...(wait === undefined ? {} : { "x-mock-next-event-in": String(wait) }) }
    return { ...delivery, answer: { ...delivery.answer, headers: { ...delivery.answer.headers, ...told } } }
  }

  const self: Mock = {
    ...cast,
    deliver: (request, host) => {
      const url = new URL(request.url)
      const elsewhere = worlds?.deliver(request, url, host)
      if (elsewhere !== undefined) return elsewhere
      const explored = explorer?.answer(request, url, host)
      if (explored !== undefined) return explored.then((said) => ({ answer: said }))
      if (place !== undefined) url.pathname = place.inside(url.pathname)
      const problem = time.hear(request.headers)
      if (problem !== undefined) return Promise.resolve({ answer: { status: 400, body: { error: problem } } })
      const contract = contractRouteOf(players, url.pathname)
      // Loaded when it is asked for: few ask, and all would wait for it at the start.
      // What a browser wants for its tab, of any page.
      if (url.pathname === "/favicon.ico") return Promise.resolve({ answer: { status: 204, body: undefined } })
      if (contract !== undefined) {
        return import("../serve/openapi/serve.ts").then(async ({ serve }) => ({
          answer: await serve(contract, request.method, url.origin + (place?.under ?? contract.base))
        }))
      }
      // Typed without its last slash; relative, since a world has a path before this one.
      if (url.pathname === "/__mock") return Promise.resolve({ answer: { status: 308, body: undefined, headers: { location: "__mock/" } } })
      const console = consolePathOf(url.pathname)
      if (console !== undefined) {
        const inside = { mock: self, jobs, journal, waiting, pulse, seed, ...(place === undefined ? {} : { gone: place.gone }) }
        return import("./console/serve.ts").then(({ serve }) => serve(inside, request, console))
      }
      if (url.pathname !== "/" && !url.pathname.startsWith("/__mock/")) return deliverApi(request, url, host).then(timed)
      return Effect.runPromise(Effect.map(admin(self, request, url, duration), (said) => ({ answer: said })))
    },
    handle: (request) => self.deliver(request, "web").then((delivery) => respond(delivery, request)),
    get journal() {
      return journal.entries
    },
    get jobs() {
      return jobs.all.map(viewOf)
    },
    get clock() {
      const wait = Math.min(...jobs.all.map((tracked) => nextEventIn(tracked, now())))
      return {
        mode: time.mode,
        now: now(),
        ...(Number.isFinite(wait) ? { nextEventIn: wait } : {}),
        set: (at: number) => {
          time.set(at)
          pulse.beat()
        },
        setMode: (mode: Mode) => {
          time.setMode(mode)
          pulse.beat()
        }
      }
    },
    get tasks() {
      return taskViews()
    },
    get worlds() {
      return worlds?.all ?? new Map()
    },
    get explorations() {
      return explorer?.explorations ?? 0
    },
    get traces() {
      return traces
    },
    witness: (trace) => {
      traces.push(trace)
      pulse.beat()
    },
    play: (script, times = 1) => {
      waiting.push({ script, left: times })
      pulse.beat()
    },
    like: (provider) => {
      const upstream = players.find(({ name }) => name === provider)?.gateway?.upstream ?? provider
      const scripts = jobs.all.flatMap(({ job }) => (job.provider === upstream ? [job.script] : []))
      const [script] = scripts
      const made = new Set(jobs.all.map(({ job }) => job.id))
      const isOne =
        new Set(scripts.map((each) => JSON.stringify(each))).size === 1 &&
        journal.entries.every((entry) => entry.route !== "submit" || entry.provider !== upstream || made.has(entry.jobId ?? ""))
      return {
        provider,
        ...(isOne && script !== undefined
          ? { script: Script.changesOf(script) }
          : options.duration === undefined
            ? {}
            : { duration: options.duration }),
        ...(options.seed === undefined ? {} : { seed: options.seed }),
        ...(options.urlTtl === undefined ? {} : { urlTtl: Math.ceil(options.urlTtl) }),
        ...(time.mode === "given" ? {} : { clock: time.mode, starts: Math.floor(time.first) })
      }
    },
    advance: (id, by) => {
      const tracked = jobs.named(id)
      if (tracked?.job.script.advances !== "hand") return undefined
      const { phases, end } = tracked.job.life
      tracked.age = by === undefined ? (phases.find(({ until }) => until > tracked.age)?.until ?? end) : Math.min(end, tracked.age + by)
      pulse.beat()
      return stateOf(tracked)
    },
    reset: () => {
      jobs.clear()
      for (const gateway of gateways) gateway.clear()
      journal.clear()
      apiOrigins.clear()
      waiting.length = 0
      traces.length = 0
      // Who shares a time leaves it as it is while others have jobs in it.
      const isShared = place === undefined ? worlds?.hasJobsInTime() === true : options.clock === undefined
      if (!isShared) time.reset()
      pulse.beat()
    }
  }
  return self
}

/** What a 429 asks for, in milliseconds from `now`; `undefined` if it asks for nothing. */
const retryAfter = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined) return undefined
  return /^\d+$/.test(header) ? Number(header) * 1000 : DateTime.toEpochMillis(DateTime.makeUnsafe(header)) - now
}

/**
 * A mock whose time is the Clock of the Effect that makes it: the real one, or a test's TestClock.
 *
 * @example
 * ```ts
 * import { Mock } from "@reelay/mock-server"
 * import * as Effect from "effect/Effect"
 * import * as TestClock from "effect/testing/TestClock"
 *
 * const program = Effect.gen(function* () {
 *   const mock = yield* Mock.fromClock({ duration: 60_000 })
 *   yield* TestClock.adjust("1 minute")
 *   return mock
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromClock = (options: Options = {}): Effect.Effect<Mock> =>
  EffectClock.clockWith((clock) => Effect.sync(() => make({ ...options, now: () => clock.currentTimeMillisUnsafe() })))

/**
 * The mock as a `fetch`, for a client in the same process: it asks no network, and answers any URL. What `fetch` does if a connection
 * breaks, it does too; an aborted signal rejects with its reason.
 *
 * **Example** (A client that takes a `fetch`)
 *
 * ```ts
 * import { Mock } from "@reelay/mock-server"
 *
 * const fetch = Mock.fetchOf(Mock.make({ now: () => Date.now() }))
 * const answer = await fetch("http://mock/xai/v1/videos/unknown", { headers: { authorization: "Bearer key" } })
 * console.log(answer.status) // 404
 * ```
 *
 * @category converting
 * @since 0.1.0
 */
export const fetchOf =
  (mock: Pick<Mock, "handle">): typeof globalThis.fetch =>
  async (input, init) => {
    const request = new Request(input, init)
    request.signal.throwIfAborted()
    const aborted = new Promise<never>((_, reject) => {
      request.signal.addEventListener("abort", () => reject(request.signal.reason), { once: true })
    })
    const response = await Promise.race([mock.handle(request), aborted])
    if (response.type === "error") throw new TypeError("fetch failed")
    return response
  }
