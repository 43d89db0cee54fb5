import { describe, expect, expectTypeOf, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { link, ref } from "../../test/samples.ts"
import { isTerminal, type JobState, rank } from "../job/JobState.ts"
import type { Reading } from "../job/Reading.ts"
import { defaultLimits } from "./Budget.ts"
import * as Poller from "./Poller.ts"
import * as PollerSchema from "./PollerSchema.ts"

/** What happens next to a job that is watched, or is not. */
type Step =
  | { readonly _tag: "answer"; readonly reading: Reading; readonly after: number; readonly retryAfter: number; readonly late: number }
  | { readonly _tag: "cut"; readonly after: number; readonly away: number }
  | { readonly _tag: "leave"; readonly away: number }
  | { readonly _tag: "nudge"; readonly after: number }
  | { readonly _tag: "cancelled" }

interface Scenario {
  readonly eager: boolean
  readonly owned: boolean
  readonly terms: Poller.PureTerms
  readonly paces: ReadonlyArray<number>
  readonly steps: ReadonlyArray<Step>
}

const readings = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Reading>({ _tag: "Queued" }) },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom(undefined, 0, 0.3, 0.6, 1)
      .map((progress): Reading => ({ _tag: "Running", progress, progressSource: "reported" }))
  },
  {
    weight: 6,
    arbitrary: fc
      .constantFrom("network" as const, "timeout" as const, "server" as const)
      .map((because): Reading => ({ _tag: "Missed", because, detail: "no" }))
  },
  { weight: 2, arbitrary: fc.constant<Reading>({ _tag: "NotFound", detail: "HTTP 404" }) },
  { weight: 2, arbitrary: fc.constant<Reading>({ _tag: "Unrecognised", word: "cooking" }) },
  { weight: 2, arbitrary: fc.constant<Reading>({ _tag: "Refused", reason: "Unauthorized", status: 401, message: "no" }) },
  { weight: 1, arbitrary: fc.constant<Reading>({ _tag: "Refused", reason: "PollRejected", status: 400, message: "no" }) },
  { weight: 2, arbitrary: fc.constant<Reading>({ _tag: "Succeeded", artifacts: [] }) },
  { weight: 1, arbitrary: fc.constant<Reading>({ _tag: "Succeeded", artifacts: [link] }) },
  {
    weight: 1,
    arbitrary: fc.constant<Reading>({
      _tag: "Failed",
      failure: { origin: "provider", message: "no", moderated: false },
      billed: "unknown"
    })
  }
)

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      _tag: fc.constant("answer" as const),
      reading: readings,
      after: fc.constantFrom(0, 20, 900, 15_000),
      retryAfter: fc.constantFrom(0, 0, 0, 0, 7000, 90_000),
      late: fc.constantFrom(0, 0, 0, 40_000)
    })
  },
  {
    weight: 2,
    arbitrary: fc.record({
      _tag: fc.constant("cut" as const),
      after: fc.constantFrom(0, 500),
      away: fc.constantFrom(0, 1, 20_000, 400_000)
    })
  },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("leave" as const), away: fc.constantFrom(0, 1, 5000, 400_000) }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("nudge" as const), after: fc.constantFrom(0, 100, 2000) }) },
  { weight: 1, arbitrary: fc.constant<Step>({ _tag: "cancelled" }) }
)

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  eager: fc.boolean(),
  owned: fc.boolean(),
  paces: fc.array(fc.constantFrom(0, 5, 1000, 5000, 30_000, Number.NaN, Number.POSITIVE_INFINITY), { minLength: 1, maxLength: 4 }),
  terms: fc.record({
    minInterval: fc.constantFrom(1000, 3000),
    requestTimeout: fc.constantFrom(4000, 30_000),
    deadline: fc.constantFrom(1, 60_000, 300_000),
    tolerance: fc.constantFrom(defaultLimits, { ...defaultLimits, maxConsecutiveFailures: 3 }),
    pace: fc.constant(() => 5000),
    retry: fc.constantFrom<Poller.Retry>(
      Poller.backoff,
      () => 0,
      ({ failures }) => (failures > 1 ? Number.POSITIVE_INFINITY : 100)
    )
  }),
  steps: fc.array(steps, { maxLength: 14 })
})

/** The functions that the laws are about: the real ones, or broken ones. */
type Machine = Pick<
  typeof Poller,
  "answered" | "attached" | "began" | "due" | "first" | "givenUp" | "nudged" | "observed" | "resumed" | "submitted"
>

/** Plays a scenario; throws what is wrong. */
const play = (machine: Machine, { eager, owned, paces, steps: all, terms }: Scenario): ReadonlyArray<string> => {
  const log: Array<string> = []
  const broken = (what: string): never => {
    throw new Error(`${what}\n${log.join("\n")}`)
  }
  let asked = 0
  const policy: Poller.PureTerms = { ...terms, pace: () => paces[asked++ % paces.length] ?? 5000 }
  let now = 1_000_000
  const start = eager
    ? machine.attached({ ...ref, submittedAt: now }, policy, { now, at: now, owned })
    : machine.submitted({ ...ref, submittedAt: now }, policy, { now })
  let poller = machine.first(start, policy.pace({ state: start.state, polls: 0, failures: 0, age: 0 }), policy, eager)
  const states: Array<JobState> = [poller.state]
  /** Of the polls so far: when each began, and what was asked for after it. */
  let allowed = eager ? now : Number.NEGATIVE_INFINITY
  let begunAt = Number.NEGATIVE_INFINITY
  let failuresInARow = 0
  let pastDeadline = 0
  let isWatched = true

  const check = (): void => {
    if (Number.isNaN(machine.due(poller)) || !Number.isFinite(machine.due(poller))) broken("due is no time")
    const text = JSON.stringify(poller)
    const again: Record<string, unknown> = JSON.parse(text)
    for (const [name, value] of Object.entries(poller)) {
      if (typeof value !== "object" && again[name] !== value) broken(`${name} is not plain JSON`)
    }
  }
  const saw = (state: JobState | undefined): void => {
    if (state === undefined) return
    const before = states.at(-1)
    if (before === undefined || state !== poller.state) return broken("a state that the record does not have")
    if (isTerminal(before)) return broken("something follows a terminal state")
    if (rank(state) < rank(before)) return broken("the rank fell")
    if (state._tag === "Running" && before._tag === "Running" && !((state.progress ?? -1) > (before.progress ?? -1))) {
      return broken("progress fell, or stayed")
    }
    states.push(state)
  }
  const watchAgain = (): void => {
    if (isTerminal(poller.state)) return
    const wasExpired = poller.expired
    poller = machine.resumed(poller, now)
    if (poller.expired) broken("still expired")
    if (wasExpired && poller.deadlineAt !== now + policy.deadline) broken("no new deadline for the first who comes after it was told")
    if (wasExpired) pastDeadline = 0
    isWatched = true
  }

  for (const step of all) {
    check()
    if (isTerminal(poller.state)) {
      const then = machine.observed(poller, { _tag: "Cancelled", by: "caller", billed: "unknown", at: now, poll: poller.polls })
      if (then.state !== undefined) broken("a cancellation changed what had ended")
      continue
    }
    if (!isWatched) watchAgain()
    const due = machine.due(poller)
    switch (step._tag) {
      case "leave":
        now += step.away
        log.push(`${now} away`)
        poller = machine.resumed(poller, now)
        continue
      case "nudge":
        now = Math.max(now, Math.min(now + step.after, due))
        poller = machine.nudged(poller, now)
        if (machine.due(poller) > due) broken("a nudge delayed the next poll")
        continue
      case "cancelled": {
        const then = machine.observed(poller, { _tag: "Cancelled", by: "caller", billed: "unknown", at: now, poll: poller.polls })
        poller = then.poller
        if (then.state?._tag !== "Cancelled") broken("a confirmed cancellation was not believed")
        saw(then.state)
        continue
      }
      case "answer":
      case "cut": {
        now = Math.max(now, due) + (step._tag === "answer" ? step.late : 0)
        if (poller.waiting !== null) {
          const { next, poller: then } = machine.givenUp(poller)
          if (now < poller.deadlineAt) broken("given up before the deadline")
          if (next.because._tag !== "Deadline") broken("given up for another reason than the deadline")
          poller = then
          isWatched = false
          log.push(`${now} given up`)
          continue
        }
        if (now < allowed) broken(`a poll at ${now}, and none was allowed before ${allowed}`)
        const before = poller
        const planned = before.plannedMs ?? policy.minInterval
        const begun = machine.began(poller, now, policy)
        poller = begun.poller
        log.push(`${now} poll ${poller.polls}, within ${begun.within}`)
        if (poller.polls !== before.polls + 1) broken("a poll that does not count")
        if (!(begun.within > 0 && begun.within <= policy.requestTimeout)) broken(`a poll with ${begun.within} ms`)
        if (now >= poller.deadlineAt - 1 && ++pastDeadline > 1 && step._tag === "answer") broken("a second poll after the deadline")
        begunAt = now
        allowed = Math.max(allowed, begunAt + Math.min(policy.minInterval, planned))
        if (step._tag === "cut") {
          now += step.after
          if (machine.due(poller) < allowed) broken("a poll that was cut is repeated too soon")
          now += step.away
          // Cut by the last who left: told nobody anything.
          pastDeadline = 0
          poller = machine.resumed(poller, now)
          continue
        }
        now += Math.min(step.after, begun.within)
        const given = { reading: step.reading, now, at: now, retryAfter: step.retryAfter === 0 ? undefined : step.retryAfter }
        const wasOwned = poller.owned
        const result = machine.answered(poller, given, policy, 0.5)
        poller = result.poller
        log.push(`${now} ${JSON.stringify(step.reading)} -> ${result.next._tag} ${machine.due(poller)}`)
        saw(result.state)
        allowed = Math.max(allowed, now + step.retryAfter)
        const isFailure = step.reading._tag === "Missed" || (wasOwned && step.reading._tag === "Refused" && step.reading.status === 401)
        failuresInARow = isFailure ? failuresInARow + 1 : step.reading._tag === "NotFound" ? failuresInARow : 0
        const last = begunAt >= before.deadlineAt - 1
        switch (result.next._tag) {
          case "Ended":
            if (!isTerminal(poller.state)) broken("ended without an end")
            if (!(result.next.lagMs >= 0)) broken("a lag below 0")
            break
          case "Lost": {
            const { because } = result.next
            isWatched = false
            // Of each session.
            pastDeadline = 0
            failuresInARow = because._tag === "Deadline" ? failuresInARow : 0
            if (wasOwned && because._tag === "Refused" && because.reason === "Unauthorized") broken("gave up a job of its own at a 401")
            if (because._tag === "Deadline" && !last) broken("the deadline before the last poll")
            if (because._tag !== "Deadline" && (poller.failures > 0 || poller.notFound > 0 || poller.empty > 0)) {
              broken("given up without a fresh budget")
            }
            break
          }
          case "Wait":
            // By the pace that this poll has planned.
            allowed = Math.max(begunAt + Math.min(policy.minInterval, poller.plannedMs ?? policy.minInterval), now + step.retryAfter)
            if (Math.max(allowed, now) <= poller.deadlineAt) broken("waits for a deadline that a poll would be allowed at")
            allowed = poller.allowedAt
            break
          case "Poll":
            if (result.next.at !== machine.due(poller)) broken("due is not what was said")
            // The pace of this poll may be faster than that of the one before, and then counts.
            allowed = Math.min(allowed, Math.max(result.next.at, now + step.retryAfter))
            if (result.next.at < now + step.retryAfter) broken("Retry-After was not kept")
            if (result.next.at < now + 10 && result.next.at !== Math.max(now, poller.deadlineAt)) broken("it spins")
            if (last) broken("goes on after the last poll")
            if (failuresInARow >= policy.tolerance.maxConsecutiveFailures) broken("bears more failures than it was told to")
            break
        }
        if (poller.failures !== failuresInARow && isWatched && !isTerminal(poller.state))
          broken(`counts ${poller.failures} failures of ${failuresInARow}`)
      }
    }
  }
  check()
  return log
}

const laws = (machine: Machine, numRuns: number, seed = 7): void =>
  fc.assert(
    fc.property(scenarios, (scenario) => void play(machine, scenario)),
    { numRuns, seed }
  )

/** Each mutant is played by fewer: what a law catches it catches soon. */
const sequences = process.env["MUTANTS"] === undefined ? 100_000 : 3000

describe("the poller", () => {
  it("keeps its laws in 100,000 sequences", () => {
    expect(() => laws(Poller, sequences)).not.toThrow()
  }, 120_000)

  it("any sequence is the same on another time line", () => {
    fc.assert(
      fc.property(scenarios, fc.integer({ min: -1_000_000, max: 1_000_000 }), (scenario, by) => {
        const shifted: Machine = {
          ...Poller,
          answered: (poller, answer, terms, random) => {
            const there = { ...answer, now: answer.now + by }
            const result = Poller.answered(Poller.rebased(poller, by), there, terms, random)
            const next = "at" in result.next ? { ...result.next, at: result.next.at - by } : result.next
            return { ...result, poller: Poller.rebased(result.poller, -by), next }
          }
        }
        expect(play(shifted, scenario)).toEqual(play(Poller, scenario))
      }),
      { numRuns: 2000, seed: 11 }
    )
  })

  it("survives JSON with its Schema, and another version does not", () => {
    expectTypeOf<typeof PollerSchema.Poller.Type>().toExtend<Poller.Poller>()
    expectTypeOf<Poller.Poller>().toExtend<typeof PollerSchema.Poller.Type>()
    const terms = { minInterval: 1000, requestTimeout: 30_000, deadline: 60_000, tolerance: defaultLimits }
    const poller = Poller.began(Poller.submitted(ref, terms, { now: 5 }), 9, terms).poller
    const text = JSON.stringify(Schema.encodeSync(PollerSchema.Poller)(poller))
    expect(Schema.decodeUnknownSync(PollerSchema.Poller)(JSON.parse(text))).toEqual(poller)
    expect(() => Schema.decodeUnknownSync(PollerSchema.Poller)({ ...poller, version: 2 })).toThrow(/version/u)
  })
})

const late = <A extends { readonly poller: Poller.Poller }>(result: A, change: Partial<Poller.Poller>): A => ({
  ...result,
  poller: { ...result.poller, ...change }
})

describe("what the laws are to notice", () => {
  const mutants: ReadonlyArray<readonly [string, Partial<Machine>]> = [
    [
      "a cut poll keeps no distance",
      { began: (poller, now, terms) => late(Poller.began(poller, now, terms), { nextAt: now, allowedAt: now }) }
    ],
    ["a poll does not count", { began: (poller, now, terms) => late(Poller.began(poller, now, terms), { polls: poller.polls }) }],
    ["a poll has no time", { began: (poller, now, terms) => ({ ...Poller.began(poller, now, terms), within: 0 }) }],
    [
      "a poll has more time than was asked for",
      { began: (poller, now, terms) => ({ ...Poller.began(poller, now, terms), within: 60_000 }) }
    ],
    [
      "Retry-After is not heard",
      { answered: (poller, answer, terms, random) => Poller.answered(poller, { ...answer, retryAfter: undefined }, terms, random) }
    ],
    [
      "failures are forgotten",
      { answered: (poller, answer, terms, random) => late(Poller.answered(poller, answer, terms, random), { failures: 0 }) }
    ],
    [
      "failures are not forgiven",
      {
        answered: (poller, answer, terms, random) => {
          const result = Poller.answered(poller, answer, terms, random)
          return result.next._tag === "Poll" ? late(result, { failures: Math.max(poller.failures, result.poller.failures) }) : result
        }
      }
    ],
    [
      "the deadline is not heeded",
      {
        answered: (poller, answer, terms, random) => {
          const far = { ...poller, deadlineAt: poller.deadlineAt + 3_600_000 }
          return late(Poller.answered(far, answer, terms, random), { deadlineAt: poller.deadlineAt })
        }
      }
    ],
    [
      "a deadline that was told is not renewed",
      { resumed: (poller, now) => ({ ...Poller.resumed(poller, now), deadlineAt: poller.deadlineAt }) }
    ],
    ["who comes back may poll at once", { resumed: (poller, now) => ({ ...Poller.resumed(poller, now), nextAt: now, allowedAt: now }) }],
    ["a nudge goes below the least interval", { nudged: (poller, now) => ({ ...poller, nextAt: now }) }],
    ["a nudge delays", { nudged: (poller, now) => ({ ...poller, nextAt: now + 3_600_000, allowedAt: now + 3_600_000 }) }],
    [
      "an owner is not known",
      { answered: (poller, answer, terms, random) => Poller.answered({ ...poller, owned: false }, answer, terms, random) }
    ],
    [
      "the record keeps what JSON can't",
      { first: (poller, wait, terms, eager) => ({ ...Poller.first(poller, wait, terms, eager), plannedMs: Number.POSITIVE_INFINITY }) }
    ],
    ["a cancellation is not believed", { observed: (poller) => ({ poller }) }],
    ["it gives up early", { due: (poller) => (poller.waiting === null ? Poller.due(poller) : poller.deadlineAt - 5000) }],
    ["no time is due", { due: () => Number.POSITIVE_INFINITY }]
  ]

  it.each(mutants)("%s", (_, broken) => {
    expect(() => laws({ ...Poller, ...broken }, sequences)).toThrow("Property failed")
  })
})
