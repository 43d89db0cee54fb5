/** The relay: one function from a request to an answer. */
import { JobError } from "@reelay/core"
import { userOf } from "./access/authorize.ts"
import { checkOrigin, corsHeaders, preflight } from "./access/origin.ts"
import { rateOf } from "./access/rate.ts"
import { answerOf, Refused, refuse } from "./access/refuse.ts"
import { sealerOf } from "./access/seal.ts"
import { secretOf } from "./access/secret.ts"
import { Desk } from "./jobs/Desk.ts"
import { Ledger } from "./jobs/Ledger.ts"
import type { RelayOptions } from "./jobs/options.ts"
import { refusedBy } from "./jobs/problemOf.ts"
import { allowedByDefault, checkAllowed } from "./jobs/request.ts"
import { servicesOf } from "./jobs/services.ts"
import { closing, Submissions } from "./jobs/submit.ts"
import { manyJobs, oneJob } from "./routes/events.ts"
import { cancel, forget, list, look, submit } from "./routes/jobs.ts"
import { type RouteName, routeOf } from "./routes/route.ts"
import type { Call, Shared } from "./routes/Shared.ts"
import { Streams } from "./routes/Streams.ts"
import { video } from "./routes/video.ts"

/**
 * A relay: a web-standard handler, which is also its `fetch`, as Bun, Deno and Workers want it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Relay {
  (request: Request): Promise<Response>
  readonly fetch: (request: Request) => Promise<Response>
  /** What is going on now, for health checks. */
  readonly stats: () => { readonly streams: number; readonly watched: number }
  /** Ends all streams, lets submissions that have begun finish, and refuses what comes later with 503. Jobs continue at the provider. */
  readonly dispose: () => Promise<void>
}

/**
 * Makes a relay.
 *
 * Throws a `TypeError` without `authorize`, without a provider, or if `allow` has a field that would send the video elsewhere.
 *
 * @category constructors
 * @since 0.1.0
 */
export const createRelay = (options: RelayOptions): Relay => {
  const { limits = {}, origins = [], providers, ...rest } = options
  if (typeof rest.authorize !== "function")
    throw new TypeError("authorize is missing: a relay that asks nobody who they are spends your money for everybody")
  if (providers.length === 0) throw new TypeError("providers is empty: give one, with its key")
  const allow = options.allow ?? allowedByDefault
  checkAllowed(allow)
  const services = servicesOf(options)
  const ledger = new Ledger(services, limits.jobs ?? 10)
  const desk = new Desk(options, services, (ref) => ledger.close(ref))
  const minute = 60_000
  const asking = rateOf(limits.requestsPerMinute ?? 600, minute, "requests")
  const submitting = rateOf(limits.submissionsPerMinute ?? 10, minute, "submissions")
  const submissions = new Submissions(options, services, desk, ledger, submitting)
  const streams = new Streams({
    perUser: limits.streams ?? 16,
    all: limits.allStreams ?? 10_000,
    heartbeat: limits.heartbeat ?? 15_000,
    slowReader: limits.slowReader ?? 30_000,
    age: limits.streamAge ?? 3_600_000
  })
  const shared: Shared = {
    options,
    allow,
    requestBytes: limits.requestBytes ?? 8 * 1024 * 1024,
    services,
    sealer: sealerOf(rest.secret ?? secretOf(providers)),
    desk,
    ledger,
    submissions,
    streams
  }
  let disposing: Promise<void> | undefined

  const answered = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url)
    const route = routeOf(pathname, request.method, rest.basePath)
    if (request.method === "OPTIONS") return preflight(request, origins)
    checkOrigin(request, origins)
    if (disposing !== undefined) throw closing()
    const user = await userOf(rest.authorize, request)
    if (user instanceof Response) return user
    asking.take(user)
    return routeTo(route.name, request.method)(shared, { request, route, user })
  }

  const handler = async (request: Request): Promise<Response> => {
    let answer: Response
    try {
      answer = await answered(request)
    } catch (error) {
      answer = answerOf(known(error) ?? failed(error, request, options))
    }
    const cors = corsHeaders(request, origins)
    // What `authorize` answered may be a Response that can't be changed.
    if (Object.keys(cors).length === 0) return answer
    const headers = new Headers(answer.headers)
    for (const [name, value] of Object.entries(cors)) headers.set(name, value)
    return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers })
  }

  const close = async (): Promise<void> => {
    streams.close()
    desk.close()
    await submissions.close()
    await services.close()
  }
  return Object.assign((request: Request) => handler(request), {
    fetch: handler,
    stats: () => ({ streams: streams.size(), watched: desk.watching() }),
    dispose: () => (disposing ??= close())
  })
}

type Run = (shared: Shared, call: Call) => Promise<Response>

const routeTo = (name: RouteName, method: string): Run => {
  switch (name) {
    case "jobs":
      return method === "POST" ? submit : list
    case "job":
      return method === "DELETE" ? forget : look
    case "events":
      return manyJobs
    case "jobEvents":
      return oneJob
    case "cancel":
      return cancel
    case "video":
      return video
  }
}

/** What the user may be told. */
const known = (error: unknown): Refused | undefined => {
  if (error instanceof Refused) return error
  if (error instanceof JobError.JobError) return refusedBy(error)
  if (!(error instanceof JobError.JournalFailed)) return undefined
  return refusedBy(new JobError.JobError({ reason: error, provider: "reelay", operation: "attach", attempt: 0 }))
}

/** What went wrong on the server is the server's: the user is told that it did, and nothing of it. */
const failed = (error: unknown, { signal }: Request, { logLevel, onError }: RelayOptions): Refused => {
  if (!signal.aborted) {
    if (onError !== undefined) onError(error)
    // eslint-disable-next-line no-console -- the place where a server's own errors belong, if the program has named no other
    else if (logLevel !== "none") console.error("The relay failed:", error)
  }
  return refuse("Internal", "The relay failed. It has logged why.", { again: "watch" })
}
