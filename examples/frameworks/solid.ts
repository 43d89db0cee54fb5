// Solid: `from` takes a job as it is, and leaves it with its owner.
import type { JobState, PromiseJob } from "@reelay/core/promise"
import { from } from "solid-js"
import html from "solid-js/html"
import { render } from "solid-js/web"

const Film = (job: PromiseJob) => {
  const state = from<JobState>(job)
  return html`<p>${() => state()?._tag}</p>`
}

export const show = (job: PromiseJob, target: HTMLElement): (() => void) => render(() => Film(job), target)
