/** The states of jobs, as far as this page knows them, and who listens to which. */
import type { JobState } from "@reelay/core/JobState"
import type { Observer } from "@reelay/core/promise"
import { cursorOf, isAfter, isEnd } from "../wire/cursor.ts"
import type { WireJob, WireOutlook } from "../wire/WireState.ts"
import type { Connection, Message } from "./Connection.ts"
import { left, RelayError } from "./errors.ts"
import type { Listen } from "./source.ts"

interface Known {
  state: JobState
  outlook: WireOutlook | undefined
  cursor: string
  readonly listeners: Set<Observer<JobState>>
}

export interface Feed {
  /** Takes a state, unless a newer one is known, and returns what is known then. */
  readonly put: (wire: WireJob) => JobState
  /** The last state of a job, and what the relay said with it. */
  readonly known: (job: string) => { readonly state: JobState; readonly outlook: WireOutlook | undefined } | undefined
  /** Listens to a job that was put. The first listener of all opens the connection, the last one closes it. */
  readonly listen: (job: string) => Listen<JobState>
  /** Ends all that listens to a job here. */
  readonly leave: (job: string) => void
  readonly close: () => void
}

/** Who leaves and comes back at once, as React's StrictMode does, opens nothing anew. Milliseconds. */
const linger = 50

/** `make` opens a connection when it is first needed. */
export const feedOf = (url: string, make: (emit: (message: Message) => void) => Connection): Feed => {
  const jobs = new Map<string, Known>()
  let connection: Connection | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let isClosed = false

  /** What is listened to now is followed in a moment: many changes are one. */
  const follow = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      // Of a job that has ended nobody listens.
      const now = new Map([...jobs].flatMap(([job, { cursor, listeners }]) => (listeners.size > 0 ? [[job, cursor] as const] : [])))
      if (now.size > 0 && !isClosed) connection ??= make(heard)
      connection?.follow(now)
    }, linger)
  }
  /** Tells all listeners of a job the last that they hear. */
  const end = ({ listeners }: Known, error?: unknown): void => {
    const all = [...listeners]
    listeners.clear()
    for (const each of all)
      if (error === undefined) each.complete()
      else each.error(error)
    follow()
  }
  const put = (wire: WireJob): JobState => {
    const cursor = cursorOf(wire.state)
    const known = jobs.get(wire.job)
    if (known !== undefined && !isAfter(cursor, known.cursor)) return known.state
    const state = stateOf(wire, url)
    const news = { state, cursor, outlook: wire.outlook }
    if (known === undefined) jobs.set(wire.job, { ...news, listeners: new Set() })
    else {
      Object.assign(known, news)
      for (const each of Array.from(known.listeners)) each.next(state)
      if (isEnd(cursor)) end(known)
    }
    return state
  }
  const heard = (message: Message): void => {
    const known = jobs.get(message.job)
    if (known === undefined) return
    if (message.t === "problem") end(known, new RelayError(message.data))
    else put(message.data)
  }
  return {
    put,
    known: (job) => jobs.get(job),
    listen: (job) => (observer) => {
      const known = jobs.get(job)
      if (isClosed || known === undefined) observer.error(left("client was closed"))
      else {
        known.listeners.add(observer)
        observer.next(known.state)
        if (isEnd(known.cursor)) {
          if (known.listeners.delete(observer)) observer.complete()
        } else follow()
      }
      return () => {
        if (known?.listeners.delete(observer) === true) follow()
      }
    },
    leave: (job) => {
      const known = jobs.get(job)
      if (known !== undefined) end(known, left("job was left"))
    },
    close: () => {
      isClosed = true
      for (const known of jobs.values()) end(known, left("client was closed"))
      clearTimeout(timer)
      connection?.close()
    }
  }
}

const stateOf = ({ job, kind, provider, state, submittedAt }: WireJob, url: string): JobState => {
  const base = { ref: { provider, kind, id: job, baseUrl: url, submittedAt } }
  if (state._tag !== "Succeeded") return { ...state, ...base }
  const { links = [], ...rest } = state
  const [first, ...more] = [...links, { url: `${url}/jobs/${job}/video`, kind: "content" } as const]
  return { ...rest, ...base, artifacts: [first, ...more] }
}
