/** How good an estimate is on the mock's `typical` script, whose jobs report no progress here: the figures of docs/durations.md. */
import { readFileSync } from "node:fs"
import { Durations, type JobState } from "@reelay/core"
import { Script } from "@reelay/mock-server"
import { expect, it } from "vitest"

const typical = Script.library.find(({ name }) => name === "typical")?.script ?? Script.success(1)
const ends = Array.from({ length: 300 }, (_, nth) => Script.draw(typical, "outlook", `job ${nth}`).end)

const ref = { provider: "mock", kind: "generation", id: "job", baseUrl: "https://mock.test", submittedAt: 0 } as const
const state: JobState.JobState = { _tag: "Running", ref, at: 0, polls: 1 }

const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** Learns from the first jobs, polled each five seconds, and looks at the others at tenths of their lives. Shares of a job's duration. */
const errors = (learned: number) => {
  const durations = Durations.memory()
  for (const end of ends.slice(0, learned)) durations.ended(ref, { from: Math.floor(end / 5000) * 5000, to: Math.ceil(end / 5000) * 5000 })
  const looks = ends.slice(100).flatMap((end) => {
    let before: Durations.Outlook | undefined
    return [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9].map((share) => {
      const now = share * end
      before = Durations.outlook(state, durations.expected(ref, now), now, before)
      return { eta: Math.abs((before?.eta ?? 0) - end) / end, progress: Math.abs((before?.progress ?? 0) - share) }
    })
  })
  return {
    eta: Math.round(100 * mean(looks.map(({ eta }) => eta))),
    progress: Math.round(100 * mean(looks.map(({ progress }) => progress)))
  }
}

it("the eta and the progress of jobs that report none are as good as docs/durations.md says", () => {
  const [few, many] = [errors(5), errors(100)]
  const text = readFileSync(new URL("../../../docs/durations.md", import.meta.url), "utf8").replaceAll(/\s+/gu, " ")
  expect(text).toContain(
    `off by ${many.eta} % of the job's duration on the average, and the progress by ${many.progress} points; after 5 jobs by ${few.eta} % and ${few.progress} points`
  )
})
