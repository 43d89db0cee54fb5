/**
 * The mock as a function from Request to Response: no socket, no timer, no clock of its own.
 *
 * What it answers depends on the requests so far, the seed, and what `now` says; so it runs the same on a real clock, on one that a test sets, and
 * on Effect's TestClock. Hosts (`@reelay/mock-server/node`) are thin shells around `handle`.
 *
 * @since 0.1.0
 */
import * as EffectClock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Answer, Dialect, Job, Provider, Scene } from "./dialects/Dialect.ts"
import { admin } from "./internal/admin.ts"
import { type Body, parseBody } from "./internal/body.ts"
import { choose, type Waiting } from "./internal/choice.ts"
import type { Delivery } from "./internal/delivery.ts"
import * as Files from "./internal/files.ts"
import * as Fault from "./Fault.ts"
import { finishedAt, isHidden, Jobs, momentOf, nextEventIn, type Tracked } from "./internal/jobs.ts"
import { proxyError } from "./internal/pages.ts"
import { respond } from "./internal/respond.ts"
import { methodsOf, type Route, routeOf } from "./internal/route.ts"
import * as Spoil from "./internal/spoil.ts"
import { type Mode, Time } from "./internal/time.ts"
import { carriesKey, type Entry, Journal, keyOf, redact } from "./Journal.ts"
import * as Script from "./Script.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** From submission to the end of a job whose prompt says nothing: milliseconds. Default 10,000. */
  readonly duration?: number
  /** How long a URL is good after the answer that held it: milliseconds, rounded up to a second. Default one hour. */
  readonly urlTtl?: number
  /** Ids, signatures and pictures derive from it. Default "reelay". */
  readonly seed?: string | number
  /** The bearer keys that are accepted. Default: every key but those that begin with "bad". */
  readonly keys?: ReadonlyArray<string>
  /** A body above this many bytes is refused with 413, unread. Default 16 MiB. */
  readonly maxBodyBytes?: number
  /**
   * What moves its time. `given`: `now`. `frozen`: it stands until `clock.set`, or POST `/__mock/clock`, moves it. `lockstep`: besides that, the
   * `x-client-now` of each request moves it. Default `given`.
   */
  readonly clock?: Mode
  /** Called with the entry of the journal after each answer; for a log. */
  readonly onAnswer?: (entry: Entry) => void
}

/**
 * A job as tests see it, at the time of asking.
 *
 * @category models
 * @since 0.1.0
 */
export interface JobView extends Job {
  readonly state: "submitted" | "queued" | "running" | Exclude<Script.Ending, "never">
  /** Polls so far, spoilt ones included. */
  readonly polls: number
}

/**
 * The time of a mock. In lock step, and where it is frozen, every answer carries `x-mock-now`, and `x-mock-next-event-in` where time alone
 * will change an answer: milliseconds both.
 *
 * @category models
 * @since 0.1.0
 */
export interface Clock {
  readonly mode: Mode
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Milliseconds until time alone changes an answer: the next phase of some job. Absent: it never will. */
  readonly nextEventIn?: number
  /** Moves a time that is frozen, or in lock step. Never back: a job does not get younger. */
  readonly set: (at: number) => void
  readonly turn: (mode: Mode) => void
}

/** @category models */
export type { Mode } from "./internal/time.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Mock {
  /**
   * Answers one request. The URLs that it hands out have the origin of the request that asks.
   *
   * Never rejects, but for a request that is aborted while a fault keeps it waiting. A connection that a fault drops is `Response.error()`,
   * which `fetchOf` turns into what `fetch` does.
   */
  readonly handle: (request: Request) => Promise<Response>
  /** The same for a host with more to it than a Response: what is to be sent, and where it breaks off. */
  readonly deliver: (request: Request, host: Fault.Needs) => Promise<Delivery>
  /** Every request so far, in the order of arrival. */
  readonly journal: ReadonlyArray<Entry>
  /** Every job so far, in the order of submission. */
  readonly jobs: ReadonlyArray<JobView>
  /** Gives the next submissions, so many of them, this script, whatever their prompts say. Several wait for each other. Default 1. */
  readonly play: (script: Script.Script, times?: number) => void
  /**
   * Makes a job older whose script says `hand`: by so many milliseconds, or to its next phase. Answers with its state; `undefined` where
   * there is no such job.
   */
  readonly advance: (id: string, by?: number) => JobView["state"] | undefined
  /** Its time, and what moves that. */
  readonly clock: Clock
  /** Forgets jobs and journal; the next ids are those of a new mock, and its clock goes as it did at first. */
  readonly reset: () => void
}

/** What an answer adds to the journal. */
interface Outcome extends Delivery {
  readonly jobId?: string
  /** The name of the fault that shows in it. */
  readonly fault?: string
  /** The API never had the request. */
  readonly received?: false
}

const defaultMaxBodyBytes = 16 * 1024 * 1024

/**
 * A mock whose time is `now`: milliseconds since the epoch. There is no default, so that no test depends on the hour by accident.
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
  const { duration = 10_000, urlTtl = 3_600_000, keys, maxBodyBytes = defaultMaxBodyBytes, onAnswer } = options
  const seed = String(options.seed ?? "reelay")
  const time = new Time(options.now, options.clock ?? "given")
  const now = (): number => time.now()
  const jobs = new Jobs()
  const journal = new Journal()
  const waiting: Array<Waiting> = []

  const accepts = (key: string): boolean => (keys === undefined ? !key.startsWith("bad") : keys.includes(key))

  const visible = (provider: Provider, id: string, owner: string): Tracked | undefined => {
    const found = jobs.find(provider, id)
    return found?.owner === owner ? found : undefined
  }

  /** A link for an answer: one that has lapsed, where a fault wants that. */
  const urlOf = ({ job, lapses }: Tracked, origin: string): string => {
    const isLapsed =
      job.script.ending === "expired" ||
      job.script.faults.some((fault) => Object.hasOwn(Files.lapsed, fault.name) && Fault.isDue(fault, lapses + 1))
    return origin + Files.sign(seed, job, isLapsed ? job.createdAt - 1000 : now() + urlTtl)
  }

  const create = ({ dialect, submit }: Route & { _tag: "submit" }, body: Body, script: Script.Script, owner: string): Job => {
    const { provider } = dialect
    const id = dialect.id(jobs.id(seed, provider, body))
    const job: Job = { id, provider, ...submit.read(body), script, life: Script.draw(script, seed, id), createdAt: now() }
    jobs.add(job, owner)
    return job
  }

  const submit = async (route: Route & { _tag: "submit" }, request: Request, owner: string, host: Fault.Needs): Promise<Outcome> => {
    const { dialect } = route
    const refuse = (problem: string): Outcome => ({ answer: dialect.refuse("Invalid", problem) })
    const parsed = await parseBody(request, route.submit.media, maxBodyBytes)
    switch (parsed._tag) {
      case "TooLarge":
        return { answer: dialect.refuse("TooLarge", `The body is larger than ${maxBodyBytes} bytes`) }
      case "Unsupported":
      case "Invalid":
        return { answer: dialect.refuse(parsed._tag, parsed.message) }
      case "Body": {
        const { body } = parsed
        const problem = route.submit.refuse(body)
        if (problem !== undefined) return refuse(problem)
        const { prompt } = route.submit.read(body)
        const chosen = choose(request.headers, prompt, waiting, { duration, host, provider: dialect.provider })
        if ("problem" in chosen) return refuse(chosen.problem)
        const all = Spoil.due(chosen.script.faults, "submit", jobs.count(dialect.provider, owner, body))
        const early = Spoil.before(all)
        if (early !== undefined) return broken(unaccepted, early)
        const other = Spoil.instead(all, dialect, now())
        if (other !== undefined) return { answer: other.answer, fault: other.by.fault.name }
        const job = create(route, body, chosen.script, owner)
        return { ...broken(dialect.accepted(job), Spoil.after(all)), jobId: job.id }
      }
    }
  }

  const sceneOf = (tracked: Tracked, moment: Script.Moment, origin: string): Scene => ({
    job: tracked.job,
    moment,
    finishedAt: finishedAt(tracked, now()),
    url: urlOf(tracked, origin)
  })

  /** What the provider says of a job now, the network aside. */
  const state = (dialect: Dialect, found: Tracked, all: ReadonlyArray<Spoil.Due>, origin: string): Outcome => {
    const other = Spoil.instead(all, dialect, now())
    if (other !== undefined) return { answer: other.answer, fault: other.by.fault.name }
    if (isHidden(found, now())) return { answer: dialect.refuse("UnknownJob", ""), fault: "not-found-first" }
    const moment = momentOf(found, now())
    if (moment._tag === "Ended") {
      found.endSeenAt ??= now()
      found.pollsSinceEnd += 1
      if (all.some(({ fault }) => fault.name === "goes-back")) {
        const again: Script.Moment = { _tag: "Running", progress: 50 }
        if (found.pollsSinceEnd === 2) return { answer: dialect.write(sceneOf(found, again, origin)), fault: "goes-back" }
        if (found.pollsSinceEnd === 3) return { answer: dialect.refuse("UnknownJob", ""), fault: "goes-back" }
      }
    }
    const answer = dialect.write(sceneOf(found, moment, origin))
    const said = Spoil.reworded(all, answer, moment._tag === "Running")
    const [by] = said === answer ? [] : all
    return { answer: said, ...(by === undefined ? {} : { fault: by.fault.name }) }
  }

  const poll = ({ dialect, id }: Route & { _tag: "poll" }, owner: string, origin: string): Outcome => {
    const found = visible(dialect.provider, id, owner)
    if (found === undefined) return { answer: dialect.refuse("UnknownJob", "") }
    const all = Spoil.due(found.job.script.faults, "poll", found.asked.poll + 1)
    const early = Spoil.before(all)
    found.asked.poll += 1
    if (early !== undefined) return broken(unaccepted, early)
    if (all.some(({ fault }) => fault.name === "flaky")) return { answer: proxyError(503), fault: "flaky" }
    const { answer, fault } = state(dialect, found, all, origin)
    const late = Spoil.after(all)
    return late === undefined ? { answer, ...(fault === undefined ? {} : { fault }) } : broken(answer, late)
  }

  const content = (route: Route & { _tag: "content" }, owner: string, headers: Headers): Outcome => {
    const found = visible(route.dialect.provider, route.id, owner)
    if (found === undefined || isHidden(found, now())) return { answer: route.content.unknown }
    const all = Spoil.due(found.job.script.faults, "content", (found.asked.content += 1))
    const early = Spoil.before(all)
    if (early !== undefined) return broken(unaccepted, early)
    const refusal = route.content.refuse(momentOf(found, now()))
    if (refusal !== undefined) return { answer: refusal }
    const answer = Files.serve(seed, found.job, headers)
    return broken({ ...answer, headers: { ...answer.headers, "cache-control": "public, max-age=86400" } }, Spoil.after(all))
  }

  const file = ({ id, provider }: Route & { _tag: "file" }, url: URL, request: Request, key: string | undefined): Outcome => {
    const found = jobs.find(provider, id)
    if (found === undefined || momentOf(found, now())._tag !== "Ended") return { answer: Files.unknownFile }
    const refusal = Files.refuse(seed, found.job, url.searchParams, now())
    if (refusal === Files.expired) {
      found.lapses += 1
      const fault = found.job.script.faults.find((each) => Object.hasOwn(Files.lapsed, each.name))?.name
      return fault === undefined ? { answer: refusal } : { answer: Files.lapsed[fault] ?? refusal, fault }
    }
    if (refusal !== undefined) return { answer: refusal }
    const all = Spoil.due(found.job.script.faults, "file", (found.asked.file += 1))
    const early = Spoil.before(all)
    if (early !== undefined) return broken(unaccepted, early)
    const { answer, cut, fault } = Files.spoilt(all, { seed, job: found.job, url, headers: request.headers, isOwner: key === found.owner })
    const late = Spoil.after(all)
    if (late !== undefined) return broken(answer, late)
    return { answer, ...(cut === undefined ? {} : { cut }), ...(fault === undefined ? {} : { fault }) }
  }

  const answer = async (route: Route, request: Request, url: URL, key: string | undefined, host: Fault.Needs): Promise<Outcome> => {
    const { method } = request
    if (route._tag === "unknown") {
      const message = `No handler found for ${method} ${url.pathname.slice(1 + (route.dialect?.provider.length ?? -1))}`
      return { answer: route.dialect?.refuse("UnknownRoute", message) ?? { status: 404, body: { error: message } } }
    }
    const allow = methodsOf(route)
    if (route._tag === "file") {
      return { ...(allow.includes(method) ? file(route, url, request, key) : { answer: Files.wrongMethod }), jobId: route.id }
    }
    const jobId = route._tag === "submit" ? {} : { jobId: route.id }
    if (!allow.includes(method)) {
      const refusal = route.dialect.refuse("WrongMethod", `${method} is not allowed here, only ${allow.join(", ")}`)
      return { answer: { ...refusal, headers: { allow: allow.join(", ") } }, ...jobId }
    }
    if (key === undefined || !accepts(key)) return { answer: route.dialect.refuse("Unauthorized", "The key is missing or wrong"), ...jobId }
    switch (route._tag) {
      case "submit":
        return submit(route, request, key, host)
      case "poll":
        return { ...poll(route, key, url.origin), ...jobId }
      case "content":
        return { ...content(route, key, request.headers), ...jobId }
    }
  }

  const deliverApi = async (request: Request, url: URL, host: Fault.Needs): Promise<Delivery> => {
    const route = routeOf(url.pathname)
    const key = keyOf(request.headers)
    const provider = route._tag === "file" ? route.provider : route.dialect?.provider
    const complete = journal.begin({
      at: now(),
      method: request.method,
      path: url.pathname,
      route: route._tag,
      ...(provider === undefined ? {} : { provider }),
      authorised: key !== undefined && accepts(key),
      ...(route._tag === "file" && carriesKey(request.headers) ? { keySent: true as const } : {}),
      headers: redact(request.headers)
    })
    const { answer: said, cut, fault, jobId, received } = await answer(route, request, url, key, host)
    const entry = complete({
      ...(cut?.at === "start" ? {} : { status: said.status }),
      ...(jobId === undefined ? {} : { jobId }),
      ...(fault === undefined ? {} : { fault }),
      ...(received === undefined ? {} : { received }),
      ...(cut === undefined ? {} : { cut: cut.by })
    })
    onAnswer?.(entry)
    return cut === undefined ? { answer: said } : { answer: said, cut }
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

  /** Tells a client whose time is not the real one how late it is here. */
  const timed = (delivery: Delivery): Delivery => {
    if (time.mode === "given") return delivery
    const { nextEventIn: wait, now: at } = self.clock
    const told = { "x-mock-now": String(at), ...(wait === undefined ? {} : { "x-mock-next-event-in": String(wait) }) }
    return { ...delivery, answer: { ...delivery.answer, headers: { ...delivery.answer.headers, ...told } } }
  }

  const self: Mock = {
    deliver: (request, host) => {
      const url = new URL(request.url)
      time.hear(request.headers)
      if (url.pathname !== "/" && !url.pathname.startsWith("/__mock/")) return deliverApi(request, url, host).then(timed)
      return Effect.runPromise(Effect.map(admin(self, request, url), (said) => ({ answer: said })))
    },
    handle: (request) => self.deliver(request, "web").then((delivery) => respond(delivery, request)),
    get journal() {
      return journal.entries
    },
    get jobs() {
      return jobs.all.map((tracked) => ({ ...tracked.job, polls: tracked.asked.poll, state: stateOf(tracked) }))
    },
    get clock() {
      const wait = Math.min(...jobs.all.map((tracked) => nextEventIn(tracked, now())))
      return {
        mode: time.mode,
        now: now(),
        ...(Number.isFinite(wait) ? { nextEventIn: wait } : {}),
        set: (at: number) => time.set(at),
        turn: (mode: Mode) => time.turn(mode)
      }
    },
    play: (script, times = 1) => {
      waiting.push({ script, left: times })
    },
    advance: (id, by) => {
      const tracked = jobs.named(id)
      if (tracked?.job.script.advances !== "hand") return undefined
      const { phases, end } = tracked.job.life
      tracked.age = by === undefined ? (phases.find(({ until }) => until > tracked.age)?.until ?? end) : Math.min(end, tracked.age + by)
      return stateOf(tracked)
    },
    reset: () => {
      jobs.clear()
      journal.clear()
      waiting.length = 0
      time.reset()
    }
  }
  return self
}

/** Of a request that the API did nothing with, no answer is known; a host sends none. */
const unaccepted: Answer = { status: 502, body: undefined }

/** An answer as a fault of the network leaves it. */
const broken = (answer: Answer, by: Spoil.Due | undefined): Outcome => {
  if (by === undefined) return { answer }
  const received = by.kind.cell?.point === "unreceived" ? { received: false as const } : {}
  return { ...Spoil.deliver(answer, by), fault: by.fault.name, ...received }
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
 * The mock as a `fetch`, for a client in the same process: it asks no network, and answers any URL. What `fetch` does where a connection
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
