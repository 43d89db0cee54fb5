// effect's Atom: an atom that follows a job while somebody reads it.
import type { JobState, PromiseJob } from "@reelay/core/promise"
import * as Atom from "effect/reactivity/Atom"
import * as AtomRegistry from "effect/reactivity/AtomRegistry"

const stateOf = (job: PromiseJob): Atom.Atom<JobState> =>
  Atom.readable((get) => {
    get.addFinalizer(job.subscribe((now) => get.setSelf(now)))
    return job.current()
  })

export const show = (job: PromiseJob, target: HTMLElement): (() => void) => {
  const registry = AtomRegistry.make()
  const line = target.appendChild(document.createElement("p"))
  registry.subscribe(stateOf(job), ({ _tag }) => void (line.textContent = _tag), { immediate: true })
  return () => registry.dispose()
}
