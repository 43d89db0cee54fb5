/**
 * The one event stream of a client: for all jobs that somebody listens to, opened again whenever it breaks, from where it was.
 *
 * It ends nothing and cancels nothing: jobs go on without it.
 */
import { cursorOf, isAfter, isEnd } from "../wire/cursor.ts"
import type { WireJob } from "../wire/WireState.ts"
import { type Api, mayPass } from "./api.ts"
import { RelayError, type Told } from "./errors.ts"
import { parser } from "./parse.ts"
import { onWake, pauses } from "./pause.ts"

/** Plain JSON: tabs send it to each other. */
export type Message =
  | { readonly t: "state"; readonly job: string; readonly data: WireJob }
  | { readonly t: "problem"; readonly job: string; readonly data: Told }

/** Milliseconds. */
export interface Times {
  /** Without a byte for so long, a stream is dead: the relay sends one each 15 s. Default: 45 seconds. */
  readonly stall: number
  /** A stream that gives nothing for so long after it was asked for is held back by something on the way. Default: 10 seconds. */
  readonly firstByte: number
  /** From one question to the next, while streams are held back. Default: 5 seconds. */
  readonly poll: number
  /** How long that is done before a stream is tried again. Default: 1 minute. */
  readonly polling: number
}

export const usualTimes: Times = { stall: 45_000, firstByte: 10_000, poll: 5000, polling: 60_000 }

/** So many streams in a row that gave nothing: something on the way eats them. */
const mostEaten = 2

/** What the relay takes on one stream. The rest has its turn when others have ended. */
const mostJobs = 64

export interface Connection {
  /** Which jobs to follow, and the cursor that is known of each. Opens, reopens or closes the stream. */
  readonly follow: (jobs: ReadonlyMap<string, string>) => void
  readonly close: () => void
}

export const connect = (api: Api, emit: (message: Message) => void, times: Times): Connection => {
  const wanted = new Map<string, string>()
  const waiting = pauses()
  const closing = new AbortController()
  let open: AbortController | undefined
  let isRunning = false
  /** Jobs were added since the stream was opened. */
  let hasNew = false

  const told = (data: WireJob): void => {
    const { job } = data
    const cursor = cursorOf(data.state)
    const floor = wanted.get(job)
    // What a later relay may call a state is after nothing: the last one that is understood stays.
    if (floor === undefined || !isAfter(cursor, floor)) return
    wanted.set(job, cursor)
    emit({ t: "state", job, data })
    if (isEnd(cursor)) wanted.delete(job)
  }
  const lost = (job: string, data: Told): void => {
    if (wanted.delete(job)) emit({ t: "problem", job, data })
  }

  /** Whether anything came on it before it ended. */
  const stream = async (): Promise<boolean> => {
    const own = new AbortController()
    let isAlive = false
    let isStalled = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const within = (millis: number): void => {
      clearTimeout(timer)
      timer = setTimeout(() => {
        isStalled = true
        own.abort()
      }, millis)
    }
    open = own
    hasNew = false
    within(times.firstByte)
    try {
      const body = JSON.stringify({ jobs: Object.fromEntries([...wanted].slice(0, mostJobs)) })
      const answer = await api.send("/events", { method: "POST", body, signal: own.signal })
      // It knows of nothing that is not known here.
      if (answer.status === 204) wanted.clear()
      if (answer.headers.get("content-type")?.startsWith("text/event-stream") !== true) return answer.status === 204
      const feed = parser(({ data, event }) => {
        const given = JSON.parse(data)
        waiting.reset()
        if (event === "state") told(given)
        if (event === "problem") lost(given.job, given)
      })
      const reader = answer.body?.getReader()
      for (;;) {
        const chunk = await reader?.read()
        if (chunk?.value === undefined) return isAlive
        isAlive = true
        within(times.stall)
        feed(chunk.value)
      }
    } catch (error) {
      if (error instanceof RelayError) throw error
      // A network that is down eats nothing.
      return isAlive || !isStalled
    } finally {
      clearTimeout(timer)
      own.abort()
    }
  }

  /** Asks for each job by itself, for a while. */
  const ask = async (): Promise<void> => {
    const end = performance.now() + times.polling
    while (wanted.size > 0 && performance.now() < end) {
      for (const [job, cursor] of wanted) {
        try {
          const answer = await api.send(`/jobs/${job}`, { headers: { "if-none-match": `"${cursor}"` }, signal: closing.signal })
          if (answer.status === 200) told(await answer.json())
        } catch (error) {
          if (error instanceof RelayError && !mayPass(error)) lost(job, error.problem)
        }
      }
      if (wanted.size > 0) await new Promise((resolve) => setTimeout(resolve, times.poll))
    }
  }

  const run = async (): Promise<void> => {
    let eaten = 0
    let wasRefused = false
    while (wanted.size > 0) {
      let atLeast = 0
      try {
        eaten = (await stream()) ? 0 : eaten + 1
        wasRefused = false
      } catch (error) {
        if (error instanceof RelayError) {
          // A token may have expired: it is asked for anew once.
          if (!mayPass(error) && (error.problem.status !== 401 || wasRefused)) for (const job of wanted.keys()) lost(job, error.problem)
          wasRefused = error.problem.status === 401
          atLeast = error.retryAfter
        }
      }
      if (eaten >= mostEaten) {
        await ask()
        eaten = 0
      } else if (wanted.size > 0 && !hasNew) await waiting.next(atLeast)
    }
    isRunning = false
  }

  const wake = (isLong: boolean): void => {
    if (isLong) open?.abort()
    waiting.wake()
  }
  onWake(wake, closing.signal)

  return {
    follow: (jobs) => {
      for (const job of wanted.keys()) if (!jobs.has(job)) wanted.delete(job)
      for (const [job, cursor] of jobs) {
        if (wanted.has(job)) continue
        wanted.set(job, cursor)
        hasNew = true
      }
      if (hasNew || wanted.size === 0) wake(true)
      if (isRunning || wanted.size === 0) return
      isRunning = true
      void run()
    },
    close: () => {
      wanted.clear()
      closing.abort()
      wake(true)
    }
  }
}
