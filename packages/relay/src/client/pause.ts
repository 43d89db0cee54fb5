/** Waiting between tries: longer each time, never two clients in step, and ended at once when waiting has lost its reason. */

export interface Pauses {
  /** Waits before the next try, at least as long as was asked for. */
  readonly next: (atLeast?: number) => Promise<void>
  /** The last try was a success. */
  readonly reset: () => void
  /** Ends the wait now. */
  readonly wake: () => void
}

/** Milliseconds: twice as long each time, up to 30 s, and of that a random part. */
export const pauses = (first = 250): Pauses => {
  let tries = 0
  let end: (() => void) | undefined
  return {
    next: (atLeast = 0) =>
      new Promise((resolve) => {
        end = resolve
        setTimeout(resolve, Math.max(atLeast, Math.random() * Math.min(30_000, first * 2 ** tries++)))
      }),
    reset: () => void (tries = 0),
    wake: () => end?.()
  }
}

/** What the page is told: that it is worth trying now. `isLong`: what was open is stale as well. */
export const onWake = (wake: (isLong: boolean) => void, signal: AbortSignal): void => {
  if (typeof window === "undefined") return
  let hiddenAt = 0
  window.addEventListener("online", () => wake(true), { signal })
  window.addEventListener("pageshow", ({ persisted }) => persisted && wake(true), { signal })
  document.addEventListener(
    "visibilitychange",
    () => {
      if (document.hidden) hiddenAt = performance.now()
      else wake(performance.now() - hiddenAt >= 30_000)
    },
    { signal }
  )
}
