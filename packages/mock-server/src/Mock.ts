/**
 * The mock as a function from Request to Response: no socket, no timer, no clock of its own.
 *
 * What it answers depends on the requests so far, the seed, and what `now` says; so it runs the same on a real clock, on one that a test sets, and
 * on Effect's TestClock. Hosts (`@reelay/mock-server/node`) are thin shells around `handle`.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Answer, Job, Provider } from "./dialects/Dialect.ts"
import { admin } from "./internal/admin.ts"
import { parseBody } from "./internal/body.ts"
import * as Files from "./internal/files.ts"
import * as Hash from "./internal/hash.ts"
import * as Pages from "./internal/pages.ts"
import { respond } from "./internal/respond.ts"
import { methodsOf, type Route, routeOf } from "./internal/route.ts"
import { carriesKey, type Entry, Journal, keyOf, redact } from "./Journal.ts"
import * as MagicPrompt from "./MagicPrompt.ts"
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
 * @category models
 * @since 0.1.0
 */
export interface Mock {
  /** Answers one request; never rejects. The URLs that it hands out have the origin of the request that asks. */
  readonly handle: (request: Request) => Promise<Response>
  /** Every request so far, in the order of arrival. */
  readonly journal: ReadonlyArray<Entry>
  /** Every job so far, in the order of submission. */
  readonly jobs: ReadonlyArray<JobView>
  /** Forgets jobs and journal; the next ids are those of a new mock. */
  readonly reset: () => void
}

interface Tracked {
  readonly job: Job
  /** The key that created it: ids are good under no other (kittors/CliRelay#897). */
  readonly owner: string
  polls: number
  /** An expired URL has been tried. */
  triedExpired: boolean
}

/** What an answer adds to the journal. */
interface Outcome {
  readonly answer: Answer
  readonly jobId?: string
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
  const { now, duration = 10_000, urlTtl = 3_600_000, keys, maxBodyBytes = defaultMaxBodyBytes, onAnswer } = options
  const seed = String(options.seed ?? "reelay")
  const tracked = new Map<string, Tracked>()
  const journal = new Journal()

  const accepts = (key: string): boolean => (keys === undefined ? !key.startsWith("bad") : keys.includes(key))

  const find = (provider: Provider, id: string): Tracked | undefined => tracked.get(`${provider} ${id}`)

  const momentOf = ({ script, createdAt }: Job): Script.Moment => Script.momentAt(script, now() - createdAt)

  const isHidden = ({ script, createdAt }: Job): boolean =>
    script.faults.includes("not-found-first") && now() - createdAt < script.duration * Script.hiddenShare

  const urlOf = ({ job, triedExpired }: Tracked, origin: string): string => {
    const lapsed = job.script.ending === "expired" || (job.script.faults.includes("url-expired") && !triedExpired)
    return origin + Files.sign(seed, job, lapsed ? job.createdAt - 1000 : now() + urlTtl)
  }

  const submit = async (route: Route & { _tag: "submit" }, request: Request, owner: string): Promise<Outcome> => {
    const { dialect } = route
    const parsed = await parseBody(request, route.submit.media, maxBodyBytes)
    switch (parsed._tag) {
      case "TooLarge":
        return { answer: dialect.refuse("TooLarge", `The body is larger than ${maxBodyBytes} bytes`) }
      case "Unsupported":
      case "Invalid":
        return { answer: dialect.refuse(parsed._tag, parsed.message) }
      case "Body": {
        const problem = route.submit.refuse(parsed.body)
        if (problem !== undefined) return { answer: dialect.refuse("Invalid", problem) }
        const submission = route.submit.read(parsed.body)
        const chosen = MagicPrompt.parse(submission.prompt, duration)
        if ("problem" in chosen) return { answer: dialect.refuse("Invalid", chosen.problem) }
        const id = dialect.id(Hash.uuid(`job ${seed} ${tracked.size}`))
        const job: Job = { id, provider: dialect.provider, ...submission, script: chosen.script, createdAt: now() }
        tracked.set(`${job.provider} ${id}`, { job, owner, polls: 0, triedExpired: false })
        const lost = job.script.faults.includes("lost-submit")
        return { answer: lost ? Pages.proxyError(502) : dialect.accepted(job), jobId: id }
      }
    }
  }

  const poll = (route: Route & { _tag: "poll" }, owner: string, origin: string): Answer => {
    const { dialect, id } = route
    const found = find(dialect.provider, id)
    if (found === undefined || found.owner !== owner) return dialect.refuse("UnknownJob", "")
    const { job } = found
    found.polls += 1
    if (job.script.faults.includes("rate-limited") && found.polls <= Script.spoiltPolls) {
      return { ...dialect.refuse("RateLimited", "Too many requests"), headers: { "retry-after": "1" } }
    }
    if (job.script.faults.includes("flaky") && found.polls % 2 === 0) return Pages.proxyError(503)
    if (job.script.faults.includes("query-failed") && found.polls <= Script.spoiltPolls && dialect.queryFailed !== undefined) {
      return dialect.queryFailed
    }
    if (isHidden(job)) return dialect.refuse("UnknownJob", "")
    return dialect.write({ job, moment: momentOf(job), url: urlOf(found, origin) })
  }

  const content = (route: Route & { _tag: "content" }, owner: string, headers: Headers): Answer => {
    const { dialect, id } = route
    const found = find(dialect.provider, id)
    if (found === undefined || found.owner !== owner || isHidden(found.job)) return route.content.unknown
    const refusal = route.content.refuse(momentOf(found.job))
    if (refusal !== undefined) return refusal
    const answer = Files.serve(seed, found.job, headers)
    return { ...answer, headers: { ...answer.headers, "cache-control": "public, max-age=86400" } }
  }

  const file = (route: Route & { _tag: "file" }, query: URLSearchParams, headers: Headers): Answer => {
    const found = find(route.provider, route.id)
    if (found === undefined || momentOf(found.job)._tag !== "Ended") return Files.unknownFile
    const refusal = Files.refuse(seed, found.job, query, now())
    if (refusal === undefined) return Files.serve(seed, found.job, headers)
    if (refusal === Files.expired) found.triedExpired = true
    return refusal
  }

  const answer = async (route: Route, request: Request, url: URL, key: string | undefined): Promise<Outcome> => {
    const { method } = request
    if (route._tag === "unknown") {
      const message = `No handler found for ${method} ${url.pathname.slice(1 + (route.dialect?.provider.length ?? -1))}`
      return { answer: route.dialect?.refuse("UnknownRoute", message) ?? { status: 404, body: { error: message } } }
    }
    const allow = methodsOf(route)
    if (route._tag === "file") {
      return { answer: allow.includes(method) ? file(route, url.searchParams, request.headers) : Files.wrongMethod, jobId: route.id }
    }
    const jobId = route._tag === "submit" ? {} : { jobId: route.id }
    if (!allow.includes(method)) {
      const refusal = route.dialect.refuse("WrongMethod", `${method} is not allowed here, only ${allow.join(", ")}`)
      return { answer: { ...refusal, headers: { allow: allow.join(", ") } }, ...jobId }
    }
    if (key === undefined || !accepts(key)) return { answer: route.dialect.refuse("Unauthorized", "The key is missing or wrong"), ...jobId }
    switch (route._tag) {
      case "submit":
        return submit(route, request, key)
      case "poll":
        return { answer: poll(route, key, url.origin), ...jobId }
      case "content":
        return { answer: content(route, key, request.headers), ...jobId }
    }
  }

  const handleApi = async (request: Request, url: URL): Promise<Response> => {
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
    const outcome = await answer(route, request, url, key)
    const { jobId } = outcome
    const entry = complete({ status: outcome.answer.status, ...(jobId === undefined ? {} : { jobId }) })
    onAnswer?.(entry)
    return respond(outcome.answer, request.method)
  }

  const stateOf = (job: Job): JobView["state"] => {
    const moment = momentOf(job)
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

  const self: Mock = {
    handle: (request) => {
      const url = new URL(request.url)
      if (url.pathname !== "/" && !url.pathname.startsWith("/__mock/")) return handleApi(request, url)
      return Promise.resolve(respond(admin(self, request.method, url), request.method))
    },
    get journal() {
      return journal.entries
    },
    get jobs() {
      return Array.from(tracked.values(), ({ job, polls }) => ({ ...job, polls, state: stateOf(job) }))
    },
    reset: () => {
      tracked.clear()
      journal.clear()
    }
  }
  return self
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
  Clock.clockWith((clock) => Effect.sync(() => make({ ...options, now: () => clock.currentTimeMillisUnsafe() })))
