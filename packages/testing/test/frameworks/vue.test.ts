// @vitest-environment happy-dom
import type { JobState, ListedJob, PromiseJob, Source } from "@reelay/core/promise"
import { describe, expect, it } from "vitest"
import { createApp, h, nextTick, onScopeDispose, type ShallowRef, shallowRef } from "vue"
import { fakeClient, fakeJob } from "../../src/fakes/index.ts"

/** All that Vue needs. Shallow: a job's state is a value, and none of its parts changes. */
const useSource = <A>(source: Source<A>): { readonly value: Readonly<ShallowRef<A>>; readonly error: Readonly<ShallowRef<unknown>> } => {
  const value = shallowRef(source.current())
  const error = shallowRef<unknown>()
  onScopeDispose(source.subscribe({ next: (now) => void (value.value = now), error: (why) => void (error.value = why) }))
  return { value, error }
}

const page = (job: PromiseJob, jobs: Source<ReadonlyArray<ListedJob>>) => {
  const renders: Array<JobState["_tag"]> = []
  const app = createApp({
    setup: () => {
      const { error, value } = useSource(job)
      const list = useSource(jobs)
      return () => {
        renders.push(value.value._tag)
        const lines = list.value.value.map(({ status }) => status).join(" ")
        return h("p", `${value.value._tag} ${error.value instanceof Error ? "lost" : ""} ${lines}`)
      }
    }
  })
  const target = document.createElement("div")
  app.mount(target)
  return { renders, text: () => target.textContent, unmount: () => app.unmount() }
}

describe("a job in Vue 3", () => {
  it("is a shallow ref in a composable of six lines, and is left with its scope", async () => {
    const job = fakeJob()
    const client = fakeClient()
    const listed = await client.submit({})
    const { renders, text, unmount } = page(job, client.jobs)
    expect(text()).toBe("Submitted  Submitted")
    job.running(0.4)
    listed.running()
    await nextTick()
    expect(text()).toBe("Running  Running")
    job.succeeded()
    await nextTick()
    expect([text(), renders]).toEqual(["Succeeded  Running", ["Submitted", "Running", "Succeeded"]])
    unmount()
    expect([job.listeners(), listed.listeners()]).toEqual([0, 0])
  })

  it("that is lost shows its error", async () => {
    const job = fakeJob()
    const { text } = page(job, fakeClient().jobs)
    job.lost()
    await nextTick()
    expect([text(), job.unhandled]).toEqual(["Submitted lost ", []])
  })
})
