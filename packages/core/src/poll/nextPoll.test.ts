import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import { nextPoll, type Situation } from "./nextPoll.ts"

/** A look that took a second, ten seconds after the submission. */
const calm: Situation = { begun: 9000, now: 10_000, planned: 5000, retry: 0, retryAfter: 0, minInterval: 1000, deadline: 60_000 }

describe("nextPoll", () => {
  it.each<{ what: string; given: Partial<Situation>; next: ReturnType<typeof nextPoll> }>([
    { what: "the pace decides", given: {}, next: { _tag: "Poll", at: 15_000 } },
    { what: "the retry schedule stretches the wait", given: { retry: 20_000 }, next: { _tag: "Poll", at: 30_000 } },
    { what: "a shorter retry does not shorten it", given: { retry: 1000 }, next: { _tag: "Poll", at: 15_000 } },
    { what: "the longest of three waits counts", given: { retry: 20_000, retryAfter: 30_000 }, next: { _tag: "Poll", at: 40_000 } },
    { what: "a retry beyond the deadline is cut there", given: { retry: 90_000 }, next: { _tag: "Poll", at: 60_000 } },
    { what: "Retry-After stretches the wait", given: { retryAfter: 20_000 }, next: { _tag: "Poll", at: 30_000 } },
    { what: "a shorter Retry-After does not shorten it", given: { retryAfter: 1000 }, next: { _tag: "Poll", at: 15_000 } },
    { what: "a pace of nothing does not spin", given: { planned: 0 }, next: { _tag: "Poll", at: 10_010 } },
    { what: "the deadline cuts the wait", given: { deadline: 12_000 }, next: { _tag: "Poll", at: 12_000 } },
    { what: "a passed deadline gets its one poll now", given: { deadline: 9500, begun: 8000 }, next: { _tag: "Poll", at: 10_000 } },
    { what: "a pace that ended waits for the deadline", given: { planned: Number.POSITIVE_INFINITY }, next: { _tag: "Poll", at: 60_000 } },
    { what: "Retry-After beyond the deadline forbids", given: { retryAfter: 51_000 }, next: { _tag: "GiveUp", at: 60_000 } },
    { what: "Retry-After up to the deadline does not", given: { retryAfter: 50_000 }, next: { _tag: "Poll", at: 60_000 } },
    { what: "the floor forbids", given: { deadline: 11_000, minInterval: 3000 }, next: { _tag: "GiveUp", at: 11_000 } },
    {
      what: "a pace below the floor is its own floor",
      given: { deadline: 10_500, minInterval: 3000, planned: 1500 },
      next: { _tag: "Poll", at: 10_500 }
    }
  ])("$what", ({ given, next }) => {
    expect(nextPoll({ ...calm, ...given })).toEqual(next)
  })

  const millis = fc.integer({ min: 0, max: 200_000 })
  const situations: fc.Arbitrary<Situation> = fc
    .record({
      begun: millis,
      took: fc.integer({ min: 0, max: 30_000 }),
      planned: fc.oneof(millis, fc.constant(Number.POSITIVE_INFINITY), fc.constant(0)),
      retry: fc.oneof(fc.constant(0), millis),
      retryAfter: fc.oneof(fc.constant(0), millis, fc.constant(1e15)),
      minInterval: fc.integer({ min: 0, max: 30_000 }),
      deadline: millis
    })
    .map((drawn) => Object.assign(drawn, { now: drawn.begun + drawn.took }))
  const always = (holds: (situation: Situation) => void) => fc.assert(fc.property(situations, holds), { numRuns: 1000 })

  it("no poll is later than the deadline, unless that has passed already", () => {
    always((given) => {
      expect(nextPoll(given).at).toBeLessThanOrEqual(Math.max(given.now, given.deadline))
    })
  })

  it("no poll is in the past, and none is endlessly far", () => {
    always((given) => {
      const { at } = nextPoll(given)
      expect(at).toBeGreaterThanOrEqual(given.now)
      expect(at).toBeLessThan(Number.POSITIVE_INFINITY)
    })
  })

  it("no poll before the deadline comes sooner than 10 ms", () => {
    always((given) => {
      const { at } = nextPoll(given)
      expect(at >= given.deadline || at >= given.now + 10).toBe(true)
    })
  })

  it("no poll before the deadline comes sooner than pace and retry schedule ask", () => {
    always((given) => {
      const { at } = nextPoll(given)
      expect(at >= given.deadline || at >= given.now + Math.max(given.planned, given.retry)).toBe(true)
    })
  })

  it("no poll comes before Retry-After, or before the minimum that the pace keeps", () => {
    always((given) => {
      const { _tag, at } = nextPoll(given)
      const { begun, minInterval, now, planned, retryAfter } = given
      expect(_tag === "GiveUp" || (at >= now + retryAfter && at >= begun + Math.min(minInterval, planned))).toBe(true)
    })
  })

  it("giving up waits for the deadline, and happens only if a poll is forbidden then", () => {
    always((given) => {
      const { _tag, at } = nextPoll(given)
      const { begun, deadline, minInterval, now, planned, retryAfter } = given
      const last = Math.max(now, deadline)
      expect(_tag === "Poll" || (at === last && Math.max(begun + Math.min(minInterval, planned), now + retryAfter) > last)).toBe(true)
    })
  })
})
