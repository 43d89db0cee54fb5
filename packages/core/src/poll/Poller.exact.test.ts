/** What each step makes of a record, to the last field: the laws of Poller.test.ts say less. */
import { describe, expect, it } from "@effect/vitest"
import { link, ref } from "../../test/samples.ts"
import type { Reading } from "../job/Reading.ts"
import { defaultLimits } from "./Budget.ts"
import * as Poller from "./Poller.ts"

const terms: Poller.PureTerms = {
  minInterval: 1000,
  requestTimeout: 30_000,
  deadline: 60_000,
  tolerance: defaultLimits,
  pace: () => 5000,
  retry: () => 0
}

/** Attached to at 100,000, ten seconds after its submission; its first poll began at 101,000. */
const attached = Poller.attached({ ...ref, submittedAt: 90_000 }, terms, { now: 100_000, at: 100_000 })
const { poller: asked } = Poller.began(attached, 101_000, terms)
const now = 101_200
const heard = (reading: Reading, poller = asked) => Poller.heard(poller, { reading, now, at: now }, terms)

const missed: Reading = { _tag: "Missed", because: "server", detail: "HTTP 503" }
const notFound: Reading = { _tag: "NotFound", detail: "HTTP 404" }
const unrecognised: Reading = { _tag: "Unrecognised", word: "cooking" }
const refused: Reading = { _tag: "Refused", reason: "PollRejected", status: 400, message: "no" }
const running: Reading = { _tag: "Running", progress: 0.3, progressSource: "reported" }
const billed = { billed: "unknown" } as const

const ends: ReadonlyArray<Reading> = [
  { _tag: "Succeeded", artifacts: [link] },
  { _tag: "Failed", failure: { origin: "provider", message: "no", moderated: false }, ...billed },
  { _tag: "Expired", ...billed },
  { _tag: "Cancelled", by: "provider", ...billed }
]

describe("a record at its start", () => {
  it("of a job that was submitted counts from its POST, and its account owns it", () => {
    expect(Poller.submitted(ref, terms, { now: 5000, since: 4000 })).toMatchObject({ bornAt: 5000, deadlineAt: 64_000, owned: true })
  })

  it("of a job that is attached to has the age of its reference, and no known owner", () => {
    expect(attached).toMatchObject({ bornAt: 90_000, deadlineAt: 160_000, owned: false, begunAt: null, unfinishedAt: 100_000 })
  })

  it("keeps the minimum interval if the pace is no number, and has no distance if it has ended", () => {
    expect(Poller.first(attached, Number.NaN, terms, false)).toMatchObject({ plannedMs: 1000, nextAt: 101_000 })
    expect(Poller.first(attached, Number.POSITIVE_INFINITY, terms, false)).toMatchObject({ plannedMs: null, nextAt: 160_000 })
  })

  it("on a time line that begins now has not had its last poll", () => {
    const young = Poller.submitted(ref, { ...terms, deadline: 1 }, { now: 0 })
    expect(Poller.due({ ...young, nextAt: 5 })).toBe(1)
  })

  it("is moved as a whole, and what never was stays so", () => {
    expect(Poller.rebased(attached, 7)).toEqual({
      ...attached,
      bornAt: 90_007,
      deadlineAt: 160_007,
      nextAt: 100_007,
      allowedAt: 100_007,
      unfinishedAt: 100_007
    })
    expect(Poller.rebased(asked, 7).begunAt).toBe(101_007)
  })
})

describe("when the next poll is due", () => {
  it("a pace that asks for the deadline itself waits for what is allowed", () => {
    expect(Poller.due({ ...attached, nextAt: 160_000, allowedAt: 161_000 })).toBe(161_000)
    expect(Poller.due({ ...attached, nextAt: 159_999, allowedAt: 161_000 })).toBe(159_999)
  })
})

describe("an answer", () => {
  it.each<Reading>([{ _tag: "Queued" }, running])("$_tag: the job has not ended when the poll began, and is the account's", (reading) => {
    expect(heard(reading).poller).toMatchObject({ unfinishedAt: 101_000, owned: true, expired: false })
  })

  it("to a poll that never began, as a webhook is, tells nothing about when the job was unfinished", () => {
    expect(heard(running, attached).poller).toMatchObject({ unfinishedAt: 100_000, begunAt: null })
  })

  it.each<[Reading, boolean]>([
    [missed, false],
    [notFound, false],
    [refused, false],
    [unrecognised, true],
    [{ _tag: "Succeeded", artifacts: [] }, true]
  ])("%j: says nothing of when it ends, and whether the account owns it: %s", (reading, owned) => {
    expect(heard(reading).poller).toMatchObject({ unfinishedAt: 100_000, owned, expired: false })
  })

  it.each(ends)("$_tag: it has ended, at some time since it was last seen unfinished", (reading) => {
    const { next, poller } = heard(reading)
    expect(next).toEqual({ _tag: "Ended", lagMs: 1200 })
    expect(poller).toMatchObject({ unfinishedAt: 100_000, owned: true, expired: false })
  })

  it("404: counts by the age of the job, not before a minute", () => {
    expect(heard(notFound).poller.notFound).toBe(0)
    expect(heard(notFound, { ...asked, bornAt: now - 60_000 }).poller.notFound).toBe(1)
  })

  it("keeps its payload in the state only if there is one", () => {
    expect(heard(running).state).not.toHaveProperty("raw")
    expect(Poller.heard(asked, { reading: running, now, at: now, raw: { a: 1 } }, terms).state).toHaveProperty("raw", { a: 1 })
  })

  it("does not take back that a caller was told of the deadline", () => {
    expect(heard(running, { ...asked, expired: true }).poller.expired).toBe(true)
  })
})

describe("the poll at the deadline", () => {
  const { poller: last } = Poller.began(attached, 160_000, terms)
  const heardLast = (reading: Reading) => Poller.heard(last, { reading, now: 160_100, at: 160_100 }, terms)

  it.each<[Reading, string]>([
    [running, ""],
    [missed, "the last poll failed: HTTP 503"],
    [notFound, "the last poll failed: HTTP 404"],
    [unrecognised, 'its status is "cooking", which no document explains']
  ])("%j: is the last, and the caller is told what was seen", (reading, detail) => {
    const { next, poller } = heardLast(reading)
    expect([next, poller.expired]).toEqual([{ _tag: "Lost", because: { _tag: "Deadline", detail } }, true])
  })

  it("that is refused says so, and not that the time is over", () => {
    const { next, poller } = heardLast(refused)
    expect([next, poller.expired]).toEqual([{ _tag: "Lost", because: refused }, false])
  })

  it("that brings the end brings the end", () => {
    const { next, poller } = heardLast({ _tag: "Succeeded", artifacts: [link] })
    expect([next, poller.expired]).toEqual([{ _tag: "Ended", lagMs: 60_100 }, false])
  })

  it.each([
    ["what was seen", "the last poll failed: HTTP 503", undefined],
    ["nothing", null, undefined],
    ["what the shell knows", "other", "it had to wait"]
  ])("that is not allowed any more ends with %s", (_, waiting, detail) => {
    const { next, poller } = Poller.givenUp({ ...last, waiting }, detail)
    expect(next).toEqual({ _tag: "Lost", because: { _tag: "Deadline", detail: detail ?? waiting ?? "" } })
    expect(poller).toMatchObject({ expired: true, waiting: null })
  })
})

/** One answer, and what the retry was told. */
const play = (reading: Reading, pace: number) => {
  const given: Array<Parameters<Poller.Retry>[0]> = []
  const retry: Poller.Retry = (failed) => {
    given.push(failed)
    return 20_000
  }
  const { next } = Poller.answered(asked, { reading, now, at: now }, { ...terms, pace: () => pace, retry }, 0.5)
  return { given, next }
}

describe("the retry", () => {
  it.each([
    ["the pace", 5000, 5000],
    ["a pace of nothing", 0, 0],
    ["the minimum interval, if the pace has ended", Number.POSITIVE_INFINITY, 1000]
  ])("is asked after a failed poll, and told %s", (_, pace, paced) => {
    expect(play(missed, pace).given).toEqual([{ failures: 1, paced, random: 0.5 }])
  })

  it.each([running, unrecognised, notFound])("$_tag: is not asked after a poll that did not fail", (reading) => {
    expect(play(reading, 5000)).toEqual({ given: [], next: { _tag: "Poll", at: 106_200 } })
  })

  it("is asked after a 401 for a job of one's own, which is a failed poll", () => {
    const unauthorized: Reading = { _tag: "Refused", reason: "Unauthorized", status: 401, message: "no" }
    expect(Poller.readAs(unauthorized, true)).toEqual({ _tag: "Missed", because: "unauthorized", detail: "HTTP 401, no" })
    expect(Poller.readAs(unauthorized, false)).toBe(unauthorized)
    expect(Poller.readAs(refused, true)).toBe(refused)
  })

  it("that gives up does so after a failed poll alone", () => {
    const wait = { now, wait: 5000, retry: Number.POSITIVE_INFINITY }
    expect(Poller.planned(asked, { ...wait, reading: missed }, terms).next).toEqual({ _tag: "Lost", because: missed })
    expect(Poller.planned(asked, { ...wait, reading: running }, terms).next).toEqual({ _tag: "Poll", at: 160_000 })
  })
})

describe("what is learnt without a poll", () => {
  it("and is no news leaves the record as it is", () => {
    const { poller } = heard(running)
    const seen = { ...running, at: now, poll: 1, progress: 0.2 } as const
    expect(Poller.observed(poller, seen)).toEqual({ poller })
    expect(Poller.observed(poller, seen).poller).toBe(poller)
  })
})
