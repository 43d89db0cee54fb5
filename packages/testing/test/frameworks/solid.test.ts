// @vitest-environment happy-dom
import type { JobState } from "@reelay/core/promise"
import type * as Solid from "solid-js"
import { describe, expect, it } from "vitest"
import { fakeJob } from "../../src/fakes/index.ts"
import { loaded } from "./page.ts"

/** On a server nothing is reactive. */
const browser = { "page.js": 'export { createRenderEffect, createRoot, from } from "solid-js"\n' }

describe("a job in Solid", () => {
  it("is a signal by from, whose value is there at once, and is left with its owner", async () => {
    const { createRenderEffect, createRoot, from } = await loaded<Pick<typeof Solid, "createRenderEffect" | "createRoot" | "from">>(browser)
    const job = fakeJob()
    const seen: Array<JobState["_tag"] | undefined> = []
    const dispose = createRoot((end) => {
      const state = from<JobState>(job)
      createRenderEffect(() => seen.push(state()?._tag))
      return end
    })
    job.running(0.4)
    job.succeeded()
    expect(seen).toEqual(["Submitted", "Running", "Succeeded"])
    const other = fakeJob()
    createRoot((end) => {
      from<JobState>(other)
      expect(other.listeners()).toBe(1)
      end()
    })
    expect(other.listeners()).toBe(0)
    dispose()
  })
})
