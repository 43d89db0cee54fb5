/** A value that changes, as callbacks. Without a runtime import: a client that has no engine behind it uses it as well. */
import type { Observer, Source, Subscription } from "./contract.ts"

/**
 * Calls `next` with the current value before it returns, then with each change, and at last `complete` or `error`. Returns what leaves.
 *
 * @category models
 * @since 0.1.0
 */
export type Listen<A> = (observer: Observer<A>) => () => void

/**
 * Subscribes as each framework does. `report` gets an error that the observer does not handle.
 *
 * @category constructors
 * @since 0.1.0
 */
export const subscriber =
  <A>(listen: Listen<A>, report: (error: unknown) => void): Source<A>["subscribe"] =>
  (given) => {
    const leave = listen(new Told(typeof given === "function" ? { next: given } : given, report))
    return Object.assign((): void => leave(), { unsubscribe: leave }) satisfies Subscription
  }

/** An observer that need not have everything. Its methods are called as such: it may be an object of a class. */
class Told<A> implements Observer<A> {
  private readonly observer: Partial<Observer<A>>
  private readonly report: (error: unknown) => void

  constructor(observer: Partial<Observer<A>>, report: (error: unknown) => void) {
    this.observer = observer
    this.report = report
  }

  next(value: A): void {
    this.observer.next?.(value)
  }

  error(error: unknown): void {
    if (this.observer.error === undefined) this.report(error)
    else this.observer.error(error)
  }

  complete(): void {
    this.observer.complete?.()
  }
}

/**
 * Makes a source interoperable: RxJS reads `Symbol.observable` if it was defined when RxJS was loaded, else a string.
 *
 * @category constructors
 * @since 0.1.0
 */
export const interoperable = <S extends object>(source: S): S => {
  const symbol: unknown = Reflect.get(Symbol, "observable")
  for (const key of typeof symbol === "symbol" ? ["@@observable", symbol] : ["@@observable"]) {
    Object.defineProperty(source, key, {
      configurable: true,
      value(this: unknown) {
        return this
      }
    })
  }
  return source
}
