/**
 * One stream for all tabs of an origin: the tab that has the lock opens it, and tells the others what comes. A browser that has six streams open to a
 * server over HTTP/1.1 can't even load the next page.
 *
 * Web Locks pass the lead on when a tab is closed or crashes; a tab that goes into the back-forward cache gives it up by itself, since the browser would
 * keep the lock with it. A leader that gives no sign of life is robbed by a tab that is visible.
 */
import { cursorOf, isEnd } from "../wire/cursor.ts"
import type { Connection, Message } from "./Connection.ts"

/** What tabs tell each other. `term` counts leaders: an older one that wakes up again is not listened to. A beat has neither of the others. */
interface Said {
  readonly me: string
  readonly term: number
  readonly message?: Message
  /** What a tab listens to. */
  readonly want?: ReadonlyMap<string, string>
}

/** Milliseconds. */
const beat = 5000
const dead = 15_000
/** A hidden tab may speak only once a minute. */
const forgotten = 90_000

/** `make` opens the connection of a leader. `name` is the same for all tabs that may share, and so names the user as well. */
export const shared = (
  name: string,
  make: (emit: (message: Message) => void) => Connection,
  emit: (message: Message) => void
): Connection => {
  const me = crypto.randomUUID()
  /** What each tab wants, and when it has said so. */
  const tabs = new Map<string, { readonly want: ReadonlyMap<string, string>; readonly at: number }>()
  const newest = new Map<string, { readonly cursor: string; readonly message: Message }>()
  const closing = new AbortController()
  let mine: ReadonlyMap<string, string> = new Map()
  let lead: { readonly connection: Connection; readonly release: () => void } | undefined
  let channel: BroadcastChannel | undefined
  let queue: AbortController | undefined
  let timer: ReturnType<typeof setInterval> | undefined
  let term = 0
  let heard = 0
  let tick = 0
  let stole = Number.NEGATIVE_INFINITY

  const say = (said: Omit<Said, "me" | "term">): void => {
    const told: Said = { ...said, me, term }
    // eslint-disable-next-line unicorn/require-post-message-target-origin -- a channel has one origin
    channel?.postMessage(told)
  }
  /** What all tabs want, in as far as it has not ended. */
  const union = (): void => {
    const all = new Map<string, string>()
    tabs.set(me, { want: mine, at: performance.now() })
    for (const [tab, { at, want }] of tabs) {
      if (performance.now() - at > forgotten) tabs.delete(tab)
      else for (const [job, cursor] of want) all.set(job, cursor)
    }
    for (const [job, known] of newest) {
      if (!all.has(job)) newest.delete(job)
      else if (isEnd(known.cursor)) all.delete(job)
      else all.set(job, known.cursor)
    }
    lead?.connection.follow(all)
  }
  const resign = (): void => {
    const was = lead
    lead = undefined
    was?.connection.close()
    was?.release()
  }
  const told = (message: Message): void => {
    if (message.t === "state") newest.set(message.job, { cursor: cursorOf(message.data.state), message })
    emit(message)
  }
  const elect = (steal: boolean): void => {
    queue?.abort()
    const own = new AbortController()
    queue = own
    navigator.locks
      .request(
        name,
        steal ? { steal } : { signal: own.signal },
        () =>
          new Promise<void>((release) => {
            term = Math.max(term + 1, Date.now())
            const connection = make((message) => {
              told(message)
              say({ message })
            })
            lead = { connection, release }
            say({})
            union()
          })
      )
      .catch(() => {
        // Given up before it came; or robbed, and then the turn comes again.
        if (lead === undefined || queue !== own) return
        resign()
        if (channel !== undefined) elect(false)
      })
  }
  const watch = (): void => {
    const now = performance.now()
    // Who slept judges nobody.
    if (now - tick > 2 * beat + 1000) heard = now
    tick = now
    if (lead !== undefined) {
      say({})
      return union()
    }
    say({ want: mine })
    if (document.hidden || now - heard < dead || now - stole < 4 * dead) return
    stole = now
    heard = now
    elect(true)
  }
  const hear = ({ me: tab, message, term: its, want }: Said): void => {
    if (want !== undefined) {
      tabs.set(tab, { want, at: performance.now() })
      if (lead === undefined) return
      for (const [job, cursor] of want) {
        const known = newest.get(job)
        if (known !== undefined && known.cursor !== cursor) say({ message: known.message })
      }
      return union()
    }
    if (its < term) return
    const isNew = its > term
    term = its
    heard = performance.now()
    if (lead !== undefined) {
      resign()
      elect(false)
    }
    if (message !== undefined) told(message)
    else if (isNew) say({ want: mine })
  }
  const start = (): void => {
    channel = new BroadcastChannel(name)
    tick = performance.now()
    heard = tick
    channel.addEventListener("message", ({ data }: MessageEvent<Said>) => hear(data))
    say({ want: mine })
    elect(false)
    timer = setInterval(watch, beat)
  }
  const stop = (): void => {
    say({ want: new Map() })
    clearInterval(timer)
    queue?.abort()
    resign()
    channel?.close()
    channel = undefined
  }
  const { signal } = closing
  window.addEventListener("pagehide", stop, { signal })
  window.addEventListener("pageshow", () => channel ?? start(), { signal })
  start()
  return {
    follow: (jobs) => {
      mine = jobs
      if (lead === undefined) say({ want: mine })
      else union()
    },
    close: () => {
      stop()
      closing.abort()
    }
  }
}

/** Whether this page can share: an old browser, and a page without TLS, can't. */
export const canShare = (): boolean => typeof window !== "undefined" && "locks" in navigator
