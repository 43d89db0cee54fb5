// Preact: a signal that the job sets, so that the text changes and no component renders again.
import { useComputed, useSignal } from "@preact/signals"
import type { PromiseJob } from "@reelay/core/promise"
import { h, render } from "preact"
import { useEffect } from "preact/hooks"

const Film = ({ job }: { readonly job: PromiseJob }) => {
  const state = useSignal(job.current())
  useEffect(() => job.subscribe((now) => void (state.value = now)), [job])
  return h(
    "p",
    null,
    useComputed(() => state.value._tag)
  )
}

export const show = (job: PromiseJob, target: HTMLElement): (() => void) => {
  render(h(Film, { job }), target)
  return () => render(null, target)
}
