/** Tells those who watch a mock that something has changed. What changes while nobody asks is told once. */

const encoder = new TextEncoder()

const nobody = (): void => undefined

export class Pulse {
  private version = 0
  private readonly waiting = new Set<() => void>()

  /** How many watchers wait for the next change. */
  get watching(): number {
    return this.waiting.size
  }

  /** Something has changed. */
  beat(): void {
    this.version += 1
    const all = [...this.waiting]
    this.waiting.clear()
    for (const wake of all) wake()
  }

  /**
   * The changes as server-sent events, the first at once; each is a number that was not told before. An event is made when it is asked for, so that
   * a reader that is slow, or has gone without a word, holds nothing. Ends with the signal.
   */
  events(signal: AbortSignal): ReadableStream<Uint8Array<ArrayBuffer>> {
    let told = -1
    let end: "aborted" | "cancelled" | undefined
    let wake = nobody
    const abort = (): void => stop("aborted")
    const stop = (by: "aborted" | "cancelled"): void => {
      end ??= by
      signal.removeEventListener("abort", abort)
      this.waiting.delete(wake)
      wake()
    }
    const change = (): Promise<void> =>
      new Promise((resolve) => {
        wake = resolve
        this.waiting.add(wake)
      })
    if (signal.aborted) end = "aborted"
    else signal.addEventListener("abort", abort, { once: true })
    return new ReadableStream(
      {
        pull: async (controller) => {
          if (end === undefined && told === this.version) await change()
          if (end === "aborted") return controller.close()
          if (end === "cancelled") return undefined
          told = this.version
          return controller.enqueue(encoder.encode(`event: change\ndata: ${told}\n\n`))
        },
        cancel: () => stop("cancelled")
      },
      { highWaterMark: 0 }
    )
  }
}
