/** A value that changes, as an async iterable. Without a runtime import, as `observing`. */
import type { CallOptions } from "./contract.ts"
import type { Listen } from "./observing.ts"

/**
 * The values as an async iterable: each loop listens by itself, from its first step on. A slow one misses values, but never the last. An aborted
 * signal makes the next step reject with its reason, whatever is still to be read.
 *
 * @category constructors
 * @since 0.1.0
 */
export const looped = <A extends object>(listen: Listen<A>, { signal }: CallOptions = {}): AsyncIterable<A> => ({
  [Symbol.asyncIterator]: () => new Loop(listen, signal)
})

/** How many values a slow loop may be behind: older ones are dropped. */
const behind = 16

type End = { readonly _tag: "Over" } | { readonly _tag: "Lost"; readonly error: unknown }

interface Step<A> {
  readonly resolve: (result: IteratorResult<A>) => void
  readonly reject: (error: unknown) => void
}

class Loop<A extends object> implements AsyncIterator<A> {
  private readonly listen: Listen<A>
  private readonly signal: AbortSignal | undefined
  /** What is still to be read. */
  private readonly values: Array<A> = []
  /** Steps that wait for a value: then there are none to be read. */
  private readonly steps: Array<Step<A>> = []
  private end: End | undefined
  private leave: (() => void) | undefined

  constructor(listen: Listen<A>, signal: AbortSignal | undefined) {
    this.listen = listen
    this.signal = signal
  }

  next(): Promise<IteratorResult<A>> {
    if (this.signal?.aborted === true) this.handleEvent()
    else if (this.leave === undefined && this.end === undefined) this.begin()
    return new Promise((resolve, reject) => {
      this.steps.push({ resolve, reject })
      this.serve()
    })
  }

  return(): Promise<IteratorResult<A>> {
    this.stop({ _tag: "Over" }, true)
    return Promise.resolve({ done: true, value: undefined })
  }

  /** The signal was aborted. */
  handleEvent(): void {
    this.stop({ _tag: "Lost", error: this.signal?.reason }, true)
  }

  private begin(): void {
    // The signal is the caller's and may outlive many loops: it keeps no listener of ours.
    this.signal?.addEventListener("abort", this, { once: true })
    const leave = this.listen({
      next: (value) => {
        if (this.values.push(value) > behind) this.values.shift()
        this.serve()
      },
      error: (error) => this.stop({ _tag: "Lost", error }, false),
      complete: () => this.stop({ _tag: "Over" }, false)
    })
    this.leave = leave
    // It may have been stopped in that very step.
    if (this.end !== undefined) leave()
  }

  private stop(end: End, isNow: boolean): void {
    const hasEnded = this.end !== undefined
    // What has ended, and was not read to its end, can still be left.
    if (!hasEnded || (isNow && this.values.length > 0)) this.end = end
    if (isNow) this.values.length = 0
    if (hasEnded) return
    this.signal?.removeEventListener("abort", this)
    this.leave?.()
    this.serve()
  }

  /** Gives the steps that wait what there is: values, then the end. An error ends one step, and what is asked after it is over. */
  private serve(): void {
    while (this.steps.length > 0 && (this.values.length > 0 || this.end !== undefined)) {
      const step = this.steps.shift()
      const [value] = this.values.splice(0, 1)
      if (value !== undefined) step?.resolve({ done: false, value })
      else if (this.end?._tag === "Lost") {
        step?.reject(this.end.error)
        this.end = { _tag: "Over" }
      } else step?.resolve({ done: true, value: undefined })
    }
  }
}
