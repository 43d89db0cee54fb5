/** What `useSyncExternalStore` asks for, over something that costs while somebody listens. */

/** How long it is kept after the last listener has left: React's StrictMode, and a route that changes, leave and come back at once. */
const patience = 50

/** Opens what is read. `over`: it has ended by itself, and whoever listens next opens it anew. */
type Opens = (changed: () => void, over: () => void) => () => void

export class Store<A> {
  private readonly read: () => A
  private readonly open: Opens
  private readonly listeners = new Set<() => void>()
  private close: (() => void) | undefined
  private readonly isAtOnce: boolean
  private timer: ReturnType<typeof setTimeout> | undefined

  /** `isAtOnce`: it is over another store, which is kept by itself. */
  constructor(read: () => A, open: Opens, isAtOnce = false) {
    this.read = read
    this.open = open
    this.isAtOnce = isAtOnce
  }

  readonly getSnapshot = (): A => this.read()

  readonly subscribe = (listener: () => void): (() => void) => {
    // Each is its own, even if one function is given twice.
    const mine = (): void => listener()
    this.listeners.add(mine)
    clearTimeout(this.timer)
    this.close ??= this.opened()
    return () => {
      if (!this.listeners.delete(mine) || this.listeners.size > 0) return
      if (this.isAtOnce) this.left()
      else this.timer = setTimeout(this.left, patience)
    }
  }

  /** Opens it anew, if somebody listens. */
  readonly again = (): void => {
    this.close?.()
    this.close = this.listeners.size > 0 ? this.opened() : undefined
    this.changed()
  }

  readonly changed = (): void => {
    for (const listener of Array.from(this.listeners)) listener()
  }

  private opened(): (() => void) | undefined {
    let isOver = false
    let close: (() => void) | undefined
    close = this.open(this.changed, () => {
      isOver = true
      close?.()
      if (this.close === close) this.close = undefined
    })
    if (!isOver) return close
    close()
    return undefined
  }

  private readonly left = (): void => {
    this.close?.()
    this.close = undefined
  }
}
