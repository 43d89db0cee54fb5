/** Who wants to know that this process has changed an entry: a list that shows it. Other processes are not heard. */
import type { JobRef } from "../job/JobRef.ts"

/** The job, if there is one. */
type Listener = (ref: JobRef | undefined) => void

const listeners = new WeakMap<object, Set<Listener>>()

/** Returns what ends it. */
export const onChange = (journal: object, listener: Listener): (() => void) => {
  const all = listeners.get(journal) ?? new Set<Listener>()
  listeners.set(journal, all)
  all.add(listener)
  return () => void all.delete(listener)
}

export const changed = (journal: object, ref?: JobRef): void => {
  for (const listener of Array.from(listeners.get(journal) ?? [])) listener(ref)
}
