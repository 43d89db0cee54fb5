/** All open event streams: their heartbeat, their limits, and their end. */
import { refuse } from "../access/refuse.ts"
import { comment, retry } from "../wire/events.ts"

/** Milliseconds, and numbers of streams. */
export interface StreamLimits {
  readonly perUser: number
  readonly all: number
  readonly heartbeat: number
  readonly slowReader: number
  readonly age: number
}

/** Bytes that a reader may be behind before only the newest is kept for it. */
const buffered = 16 * 1024

/** One reader. What it can't take yet is kept by name, the newest of each: memory does not grow with a reader that does not read. */
export class EventStream {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>
  readonly openedAt = performance.now()
  private readonly waiting = new Map<string, Uint8Array<ArrayBuffer>>()
  private readonly left: () => void
  private controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined
  private stuckSince: number | undefined
  private isEnding = false

  /** `left` is called once, however the stream ends. */
  constructor(left: () => void) {
    this.left = left
    this.body = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start: (controller) => void (this.controller = controller),
        pull: () => this.flush(),
        cancel: () => this.gone()
      },
      new ByteLengthQueuingStrategy({ highWaterMark: buffered })
    )
    this.put(comment)
    this.put(retry(1000))
  }

  get isOpen(): boolean {
    return this.controller !== undefined
  }

  /** Sends a block now, or once the reader can take it, unless a newer one of the same name comes first. */
  send(name: string, block: Uint8Array<ArrayBuffer>): void {
    if (this.controller === undefined) return
    this.waiting.delete(name)
    this.waiting.set(name, block)
    this.flush()
  }

  /** Ends the stream after what is still to be sent. */
  end(): void {
    this.isEnding = true
    this.flush()
  }

  /** Ends the stream now. */
  close(last?: Uint8Array<ArrayBuffer>): void {
    const { controller } = this
    if (controller === undefined) return
    try {
      if (last !== undefined && (controller.desiredSize ?? 0) > 0) controller.enqueue(last)
      controller.close()
    } catch {
      // It was closed from the other side in that very moment.
    }
    this.gone()
  }

  /** A comment if the reader takes it; the end if it has taken nothing for too long. */
  beat(now: number, { age, slowReader }: StreamLimits): void {
    if (now - this.openedAt > age) return this.close()
    if ((this.controller?.desiredSize ?? 0) > 0) {
      this.stuckSince = undefined
      return this.put(comment)
    }
    this.stuckSince ??= now
    if (now - this.stuckSince >= slowReader) this.close()
  }

  /** Nobody reads any more. */
  gone(): void {
    if (this.controller === undefined) return
    this.controller = undefined
    this.waiting.clear()
    this.left()
  }

  private flush(): void {
    for (const [name, block] of this.waiting) {
      if ((this.controller?.desiredSize ?? 0) <= 0) return
      this.waiting.delete(name)
      this.put(block)
    }
    if (this.isEnding) this.close()
  }

  private put(block: Uint8Array<ArrayBuffer>): void {
    try {
      this.controller?.enqueue(block)
      this.stuckSince = undefined
    } catch {
      this.gone()
    }
  }
}

export class Streams {
  private readonly limits: StreamLimits
  private readonly open = new Map<EventStream, string>()
  private readonly users = new Map<string, number>()
  private timer: ReturnType<typeof setInterval> | undefined

  constructor(limits: StreamLimits) {
    this.limits = limits
  }

  size(): number {
    return this.open.size
  }

  /** Opens one for a user, or refuses with 429. `left` is called once, however it ends. */
  make(user: string, signal: AbortSignal, left: () => void): EventStream {
    const mine = this.users.get(user) ?? 0
    const headers = { "retry-after": "5" }
    if (mine >= this.limits.perUser) {
      throw refuse("TooManyStreams", `A user may have ${this.limits.perUser} event streams.`, { again: "watch", headers })
    }
    if (this.open.size >= this.limits.all)
      throw refuse("TooManyStreams", "The relay has too many event streams.", { again: "watch", headers })
    // Some hosts report a reader that left by the request's signal, some by cancelling the body: the first one counts.
    const gone = (): void => stream.gone()
    const stream = new EventStream(() => {
      signal.removeEventListener("abort", gone)
      this.remove(stream, user)
      left()
    })
    this.open.set(stream, user)
    this.users.set(user, mine + 1)
    this.timer ??= setInterval(() => this.beat(), this.limits.heartbeat)
    if (signal.aborted) gone()
    else signal.addEventListener("abort", gone, { once: true })
    return stream
  }

  /** Ends all. Clients come back after a while, each at its own time. */
  close(): void {
    for (const stream of Array.from(this.open.keys())) stream.close(retry(3000))
  }

  private beat(): void {
    const now = performance.now()
    for (const stream of Array.from(this.open.keys())) stream.beat(now, this.limits)
  }

  private remove(stream: EventStream, user: string): void {
    if (!this.open.delete(stream)) return
    const others = (this.users.get(user) ?? 1) - 1
    if (others > 0) this.users.set(user, others)
    else this.users.delete(user)
    if (this.open.size > 0) return
    clearInterval(this.timer)
    this.timer = undefined
  }
}
