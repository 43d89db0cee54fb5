"use client"
import { useRef, useSyncExternalStore } from "react"

interface Snapshots<A> {
  readonly getSnapshot: () => A
  readonly subscribe: (listener: () => void) => () => void
}

/**
 * Which part of a value a component shows: it renders again only if that changes.
 *
 * @category models
 * @since 0.1.0
 */
export interface Selection<A, S> {
  readonly select: (value: A) => S
  /** Default: `Object.is`, and for plain objects and arrays that of each of their members. */
  readonly isEqual?: ((one: S, other: S) => boolean) | undefined
}

/** `onServer`: what is rendered there, and while the page takes over. */
export const useStore = <A, S>(
  { getSnapshot, subscribe }: Snapshots<A>,
  onServer: () => A,
  { isEqual = isAlike, select }: Selection<A, S>
): S => {
  const last = useRef<{ readonly value: S } | undefined>(undefined)
  const selected = (value: A): S => {
    const now = select(value)
    // An equal value is the same one: a selector may make a new object each time.
    if (last.current !== undefined && isEqual(last.current.value, now)) return last.current.value
    last.current = { value: now }
    return now
  }
  return useSyncExternalStore(
    subscribe,
    () => selected(getSnapshot()),
    () => selected(onServer())
  )
}

/** The selection of everything. */
export const whole = { select: <A>(value: A): A => value, isEqual: Object.is }

const isAlike = (one: unknown, other: unknown): boolean => {
  if (Object.is(one, other)) return true
  if (!isPlain(one) || !isPlain(other)) return false
  const keys = Object.keys(one)
  return keys.length === Object.keys(other).length && keys.every((key) => Object.is(Reflect.get(one, key), Reflect.get(other, key)))
}

const isPlain = (value: unknown): value is object => {
  const prototype: unknown = typeof value === "object" && value !== null ? Object.getPrototypeOf(value) : undefined
  return prototype === Object.prototype || prototype === Array.prototype
}
