import { describe, expect, it } from "@effect/vitest"
import { link, observations } from "../../test/samples.ts"
import type { Reading } from "../job/Reading.ts"
import * as Budget from "./Budget.ts"

const spent: Budget.Budget = { failures: 4, notFound: 1, empty: 1 }
const { defaultLimits, fresh, spend } = Budget
const missed: Reading = { _tag: "Missed", because: "server", detail: "HTTP 502" }
const notFound: Reading = { _tag: "NotFound", detail: "HTTP 404" }
const empty: Reading = { _tag: "Succeeded", artifacts: [] }
const old = 60_000

/** The verdicts on readings in a row. */
const verdicts = (readings: ReadonlyArray<Reading>, age = old): ReadonlyArray<Budget.Verdict["_tag"]> => {
  let budget = fresh
  return readings.map((reading) => {
    const [left, verdict] = spend(budget, reading, age, defaultLimits)
    budget = left
    return verdict._tag
  })
}

describe("spend", () => {
  it.each(observations.filter(({ _tag }) => !["Missed", "NotFound", "Refused"].includes(_tag)))(
    "$_tag gives the whole budget back",
    (reading) => {
      expect(spend(spent, reading, old, defaultLimits)).toEqual([fresh, { _tag: "Observe" }])
    }
  )

  it("the tenth miss in a row gives up, because of that miss", () => {
    expect(verdicts(Array.from({ length: 10 }, () => missed))).toEqual([...Array.from({ length: 9 }, () => "Wait"), "GiveUp"])
    expect(spend({ ...fresh, failures: 9 }, missed, 0, defaultLimits)[1]).toEqual({ _tag: "GiveUp", because: missed })
  })

  it("a good answer between failed polls lets them begin anew", () => {
    const nine = Array.from({ length: 9 }, () => missed)
    expect(verdicts([...nine, { _tag: "Queued" }, ...nine])).not.toContain("GiveUp")
  })

  it("a job that is not found costs nothing for a minute after its submission", () => {
    expect(
      verdicts(
        Array.from({ length: 50 }, () => notFound),
        59_999
      )
    ).not.toContain("GiveUp")
    expect(spend(fresh, notFound, 59_999, defaultLimits)).toEqual([fresh, { _tag: "Wait" }])
  })

  it("after that minute the third in a row gives up", () => {
    expect(verdicts([notFound, notFound, notFound])).toEqual(["Wait", "Wait", "GiveUp"])
    expect(verdicts([notFound, notFound, { _tag: "Queued" }, notFound, notFound])).not.toContain("GiveUp")
  })

  it("the third success in a row without a video is observed, and not the first two", () => {
    expect(verdicts([empty, empty, empty])).toEqual(["Wait", "Wait", "Observe"])
    expect(verdicts([empty, empty, { _tag: "Running" }, empty, empty])).toEqual(["Wait", "Wait", "Observe", "Wait", "Wait"])
    expect(verdicts([empty, { _tag: "Succeeded", artifacts: [link] }])).toEqual(["Wait", "Observe"])
  })

  it("a refusal gives up at once", () => {
    const refused: Reading = { _tag: "Refused", reason: "Unauthorized", status: 401, message: "bad key" }
    expect(spend(fresh, refused, 0, defaultLimits)[1]).toEqual({ _tag: "GiveUp", because: refused })
  })
})
