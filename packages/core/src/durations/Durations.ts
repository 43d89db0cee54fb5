/**
 * How long jobs take, learned from those that ended: for `Pace.adaptive`, and for people who wait.
 *
 * Only successes are learned from: a failure says nothing of how long a video takes. Jobs are told apart by provider, kind, model and length. What was
 * learned is forgotten when the newer jobs contradict it, as after a provider has become twice as slow.
 *
 * @since 0.2.0
 */
import type { JobRef } from "../job/JobRef.ts"
import { at, grid, indexOf, type Law, lawOf, type Sample } from "./law.ts"
import { empty, fromText, learn, type Learned, samplesOf, sortOf } from "./learned.ts"

export type {
  /** @category models */
  Law,
  /** @category models */
  Sample
} from "./law.ts"
export {
  /** @category constants */
  empty,
  /** @category converting */
  fromText,
  /** @category models */
  type Learned
} from "./learned.ts"
export {
  /** @category combinators */
  outlook,
  /** @category models */
  type Outlook
} from "./outlook.ts"

/**
 * What is known of how long jobs take, and where it is kept.
 *
 * @category models
 * @since 0.2.0
 */
export interface Durations {
  /** Learns from a job that has succeeded. What can't be a duration is ignored. */
  readonly ended: (ref: JobRef, sample: Sample) => void
  /** How long jobs like this one take. It is the same value until enough was learned. */
  readonly law: (ref: JobRef) => Law
  /**
   * How long this job will have taken in all, if it is unfinished at an age, in milliseconds: half of such jobs take longer. Never less than the
   * shortest nor more than the longest that was seen. `undefined`: none was seen.
   */
  readonly expected: (ref: JobRef, age: number) => number | undefined
  /** What was learned, as plain JSON. */
  readonly learned: () => Learned
  /** Resolves when all that was learned is kept, as far as it can be. */
  readonly saved: () => Promise<void>
}

/**
 * Where it is kept: one text. Both may throw or reject: then it is kept in memory alone.
 *
 * @category models
 * @since 0.2.0
 */
export interface Store {
  readonly read: () => string | null | undefined | Promise<string | null | undefined>
  readonly write: (text: string) => void | Promise<void>
}

/** What is needed of a browser's storage. */
type StorageArea = Pick<Storage, "getItem" | "setItem">

/** @category models */
export interface Options {
  /** Called if it can't be read or written, or was written by a newer version, which is left alone. Nothing else fails. Default: nobody is told. */
  readonly onError?: ((error: unknown) => void) | undefined
}

/**
 * Learns for as long as the program runs, from what was learned before, if that is given.
 *
 * **Example** (Polling when jobs are about to end)
 *
 * ```ts
 * import { Durations, Pace } from "@reelay/core"
 *
 * export const pace = Pace.adaptive({ durations: Durations.memory() })
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const memory = (learned: Learned = empty): Durations => new Known(undefined, {}, learned)

/**
 * Learns, and keeps it as one text in a store of yours. Programs that share the store learn together: it is read again before each write.
 *
 * @category constructors
 * @since 0.2.0
 */
export const over = (store: Store, options: Options = {}): Durations => new Known(store, options, empty)

/**
 * Learns, and keeps it in a browser's storage. Give a function if the browser may block it: it is called when something is read or written.
 *
 * `key`: its name there. Default: `reelay/durations`.
 *
 * **Example** (A page that knows after a reload how long a video takes)
 *
 * ```ts
 * import { Durations } from "@reelay/core"
 *
 * export const durations = Durations.inStorage(() => localStorage)
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const inStorage = (
  storage: StorageArea | (() => StorageArea),
  { key = "reelay/durations", ...options }: Options & { readonly key?: string | undefined } = {}
): Durations => {
  const there = (): StorageArea => (typeof storage === "function" ? storage() : storage)
  return over({ read: () => there().getItem(key), write: (text) => there().setItem(key, text) }, options)
}

const expectedBy = ({ ended, samples }: Law, age: number): number | undefined => {
  if (samples.length === 0) return undefined
  const least = samples.reduce((found, { to }) => Math.min(found, to), Number.POSITIVE_INFINITY)
  const most = samples.reduce((found, { to }) => Math.max(found, to), 0)
  const half = (1 + at(ended, indexOf(age))) / 2
  let index = indexOf(age)
  while (index < grid.length - 1 && at(ended, index) < half) index += 1
  return Math.min(most, Math.max(least, at(grid, index)))
}

/** A law is made anew when this share of its samples is new. */
const stale = 0.08

class Known implements Durations {
  private known: Learned
  private readonly store: Store | undefined
  private readonly onError: (error: unknown) => void
  private readonly laws = new Map<string, { readonly law: Law; news: number }>()
  private isRead = false
  /** A newer version has written it. */
  private isForeign = false
  private unsaved: Array<readonly [sort: string, sample: Sample]> = []
  private saving: Promise<void> = Promise.resolve()

  constructor(store: Store | undefined, { onError = () => undefined }: Options, known: Learned) {
    this.store = store
    this.onError = onError
    this.known = known
  }

  readonly learned = (): Learned => {
    this.load()
    return this.known
  }

  readonly law = (ref: JobRef): Law => {
    this.load()
    const sort = sortOf(ref)
    const made = this.laws.get(sort)
    if (made !== undefined && made.news <= made.law.samples.length * stale) return made.law
    const law = lawOf(samplesOf(this.known, sort))
    this.laws.set(sort, { law, news: 0 })
    return law
  }

  readonly expected = (ref: JobRef, age: number): number | undefined => expectedBy(this.law(ref), age)

  readonly ended = (ref: JobRef, sample: Sample): void => {
    this.load()
    const sort = sortOf(ref)
    const then = learn(this.known, sort, sample)
    if (then === this.known) return
    this.known = then
    // The others may lean on this one.
    for (const made of this.laws.values()) made.news += 1
    if (this.store === undefined || this.isForeign) return
    this.unsaved.push([sort, sample])
    this.saving = this.saving.then(() => this.save())
  }

  readonly saved = (): Promise<void> => this.saving

  private load(): void {
    const { store } = this
    if (this.isRead || store === undefined) return
    this.isRead = true
    try {
      const text = store.read()
      if (text instanceof Promise) this.saving = text.then((late) => this.take(late), this.onError)
      else this.take(text)
    } catch (error) {
      this.onError(error)
    }
  }

  /** Takes what the store has, and adds to it what it does not have yet. */
  private take(text: string | null | undefined): void {
    const kept = fromText(text)
    if (kept === "Newer") {
      if (!this.isForeign) this.onError(new Error("What was learned of durations was written by a newer version, and is left alone."))
      this.isForeign = true
      return
    }
    const all = this.unsaved.reduce((learned, [sort, sample]) => learn(learned, sort, sample), kept)
    if (JSON.stringify(all) === JSON.stringify(this.known)) return
    this.known = all
    this.laws.clear()
  }

  private async save(): Promise<void> {
    const { store } = this
    if (this.unsaved.length === 0 || store === undefined || this.isForeign) return
    try {
      // Without a pause if the store needs none: another program could write meanwhile.
      const text = store.read()
      this.take(text instanceof Promise ? await text : text)
      if (this.isForeign) return
      const { length } = this.unsaved
      const written = store.write(JSON.stringify(this.known))
      if (written instanceof Promise) await written
      // What was learned meanwhile is saved by the next turn.
      this.unsaved = this.unsaved.slice(length)
    } catch (error) {
      this.onError(error)
    }
  }
}
