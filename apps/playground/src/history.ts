/** When this browser first saw each state of a job: a page that was loaded anew goes on with the picture of the one before. */
import { read, write } from "./kept.ts"
import type { Seen } from "./model/timeline.ts"

/** Jobs that are kept. */
const most = 100
const none: ReadonlyArray<Seen> = []

const kept = (): Map<string, ReadonlyArray<Seen>> => {
  try {
    const parsed: ReadonlyArray<readonly [string, ReadonlyArray<Seen>]> = JSON.parse(read("seen") ?? "[]")
    return new Map(parsed)
  } catch {
    return new Map()
  }
}

const jobs = kept()
const listeners = new Set<() => void>()

export const seenOf = (id: string): ReadonlyArray<Seen> => jobs.get(id) ?? none

export const record = (id: string, seen: Seen): void => {
  const before = seenOf(id)
  if (before.some(({ tag }) => tag === seen.tag)) return
  jobs.delete(id)
  jobs.set(id, [...before, seen])
  write("seen", JSON.stringify([...jobs].slice(-most)))
  for (const listener of listeners) listener()
}

export const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
