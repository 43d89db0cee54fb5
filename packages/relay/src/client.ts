/**
 * The relay's client: for a page that keeps no key. It has the members of core's client, and none of its code.
 *
 * @since 0.1.0
 */
import type { VideoRequest } from "@reelay/core/VideoRequest"
import type { JobClient, PromiseJob } from "@reelay/core/promise"
import { type ApiOptions, apiOf, mayPass, pathOf } from "./client/api.ts"
import { connect, type Times, usualTimes } from "./client/Connection.ts"
import { left, RelayError } from "./client/errors.ts"
import { feedOf } from "./client/Feed.ts"
import { jobsList } from "./client/JobsList.ts"
import { keysIn } from "./client/keys.ts"
import { pauses } from "./client/pause.ts"
import { jobOf, type Open } from "./client/RelayJob.ts"
import { written } from "./client/request.ts"
import { until } from "./client/source.ts"
import { canShare, shared } from "./client/tabs.ts"
import type { WireJob } from "./wire/WireState.ts"

export { JobEnded, RelayError } from "./client/errors.ts"
export type { Problem, ProblemReason } from "./wire/Problem.ts"

/**
 * A request, and which of the relay's providers is to serve it. Default: its first.
 *
 * @category models
 * @since 0.1.0
 */
export interface RelayRequest extends VideoRequest {
  readonly provider?: string | undefined
}

/**
 * Where the relay is, and who asks.
 *
 * @category models
 * @since 0.1.0
 */
export interface ClientOptions extends ApiOptions {
  /**
   * Who is signed in: any text that differs from user to user. Tabs of one user share one event stream. Default: with cookies all tabs of the origin share,
   * and with `headers` none does.
   */
  readonly owner?: string | undefined
  /** `false`: this tab has a stream of its own. Default: true, if the browser can. */
  readonly share?: boolean | undefined
  /** Where Idempotency-Keys of submissions without an answer are kept. Default: `sessionStorage`. */
  readonly storage?: (() => Storage | undefined) | undefined
  /** Milliseconds, for tests. */
  readonly times?: Partial<Times> | undefined
}

/** @category models */
export interface RelayClient<Request = RelayRequest> extends JobClient<Request>, AsyncDisposable {}

/** Tries of one submission without an answer, until the caller is told. The key stays, so that the next one asks for the same job. */
const tries = 6

/**
 * Makes a client of a relay. Submissions that an earlier page has left without an answer are asked for again, under their keys: they appear in `jobs`.
 *
 * **Example** (From a prompt to a player)
 *
 * ```ts
 * import { relay } from "@reelay/relay/client"
 *
 * const client = relay({ url: "/api/video" })
 *
 * export const show = async (prompt: string, player: HTMLVideoElement) => {
 *   const job = await client.submit({ prompt })
 *   job.subscribe((state) => console.log(state._tag))
 *   player.src = await job.url()
 * }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const relay = <Request extends object = RelayRequest>(options: ClientOptions): RelayClient<Request> => {
  const { headers, owner = "", share = owner !== "" || headers === undefined, storage = usualStorage, times } = options
  const api = apiOf(options)
  const keys = keysIn(storage, api.url)
  const closing = new AbortController()
  const { signal: closed } = closing
  const feed = feedOf(api.url, (emit) => {
    const own = (told: typeof emit) => connect(api, told, { ...usualTimes, ...times })
    return share && canShare() ? shared(`reelay:${api.url}:${owner}`, own, emit) : own(emit)
  })
  const open: Open = { api, feed, hasCookies: headers === undefined }
  const jobs = new Map<string, PromiseJob>()
  const made = (wire: WireJob): PromiseJob => {
    const state = feed.put(wire)
    const job = jobs.get(wire.job) ?? jobOf(open, state)
    jobs.set(wire.job, job)
    return job
  }
  const list = jobsList(
    async () => (await (await api.send("/jobs", { signal: closed })).json()).jobs,
    ({ at, state = { _tag: "Submitted", at, polls: 0 }, ...entry }) => made({ ...entry, submittedAt: at, state })
  )

  const post = async (key: string, body: string): Promise<PromiseJob> => {
    const waiting = pauses(500)
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await api.send("/jobs", { method: "POST", headers: { "idempotency-key": `"${key}"` }, body, signal: closed })
        const job = made(await answer.json())
        keys.done(key)
        return job
      } catch (error) {
        closed.throwIfAborted()
        if (!(error instanceof RelayError)) throw error
        // It was heard and refused, or waits for the user: nothing is left that a reload should ask for.
        const isOver = !mayPass(error) || error.problem.status === 429
        if (isOver) keys.done(key)
        if (isOver || attempt >= tries) throw error
        await waiting.next(error.retryAfter)
      }
    }
  }

  const submit: JobClient<Request>["submit"] = async (request, given = {}) => {
    const { label, maySubmitAgain, onSubmitted, onUnknown, signal } = given
    const body = await written(request, { label, maySubmitAgain })
    // Who leaves in the same moment, as React's StrictMode does, sends nothing.
    await new Promise((resolve) => setTimeout(resolve))
    for (const each of [signal, closed]) each?.throwIfAborted()
    const job = post(given.key ?? keys.of(body), body).then(
      (submitted) => {
        list.add(submitted, label)
        onSubmitted?.(submitted.ref)
        return submitted
      },
      (error: unknown) => {
        void list.refresh()
        const isUnknown = error instanceof RelayError && error.reason._tag === "SubmitUnknown"
        // It has the fields of core's error, of which the type says more than a page needs.
        if (isUnknown && signal?.aborted && onUnknown) Reflect.apply(onUnknown, undefined, [error])
        throw error
      }
    )
    return until(job, signal)
  }

  const close = async (): Promise<void> => {
    closing.abort(left("client was closed"))
    list.close()
    feed.close()
  }
  setTimeout(() => {
    if (!closed.aborted) for (const { body, key } of keys.resume()) post(key, body).then(list.add, () => void list.refresh())
  })
  return {
    submit,
    attach: async (which, { signal } = {}) => {
      const id = typeof which === "string" ? which : which.id
      signal?.throwIfAborted()
      return jobs.get(id) ?? made(await (await api.send(pathOf(id), { signal: signal ?? closed })).json())
    },
    run: async (request, { onState, ...given } = {}) => {
      const job = await submit(request, given)
      const leave = job.subscribe({ next: (state) => onState?.(state), error: () => undefined })
      return job.result({ signal: given.signal }).finally(leave)
    },
    jobs: list,
    forget: async (id) => {
      await api.send(pathOf(id), { method: "DELETE", signal: closed })
      jobs.get(id)?.leave()
      jobs.delete(id)
      list.remove(id)
      return 1
    },
    close,
    [Symbol.asyncDispose]: close
  }
}

/** A page in a frame, or with storage blocked, throws when it is only asked for: whoever uses it catches that. */
const usualStorage = (): Storage | undefined => globalThis.sessionStorage
