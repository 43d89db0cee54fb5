import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { JobError, SubmitRejected, SubmitUnknown, Unreachable } from "../job/JobError.ts"
import type { JobRef } from "../job/JobRef.ts"
import { type Command, type Event, freshFor, grace, idle, next, type Phase } from "./Submission.ts"

const ref: JobRef = { provider: "fake", kind: "generation", id: "job-1", baseUrl: "https://api.fake.test", submittedAt: 0 }
const late: JobRef = { ...ref, id: "job-2" }
const failed = (reason: JobError["reason"]): JobError => new JobError({ reason, provider: "fake", operation: "submit", attempt: 1 })
const unsent = failed(new Unreachable({ detail: "refused" }))
const refused = failed(new SubmitRejected({ status: 400, detail: "no" }))
const unknown = failed(new SubmitUnknown({ detail: "no answer" }))

/** What a shell may say: each event with times that `played` puts right. */
const said = {
  Asked: { _tag: "Asked" },
  Left: { _tag: "Left", now: 0 },
  Admitted: { _tag: "Admitted" },
  IntentWritten: { _tag: "IntentWritten" },
  Ready: { _tag: "Ready", age: 10 },
  OnTheEdge: { _tag: "Ready", age: freshFor },
  Stale: { _tag: "Ready", age: freshFor + 1 },
  Busy: { _tag: "Unsent", error: unsent, now: 0, wait: 700, notBefore: 900 },
  Exhausted: { _tag: "Unsent", error: unsent, now: 0, notBefore: 5000 },
  Paused: { _tag: "Paused" },
  Answered: { _tag: "Answered", ref },
  AnsweredOtherwise: { _tag: "Answered", ref: late },
  Declined: { _tag: "Declined", error: refused },
  Lost: { _tag: "Lost", error: unknown },
  Known: { _tag: "Known", ref },
  Blocked: { _tag: "Blocked", error: unknown },
  Taken: { _tag: "Taken", error: refused },
  GraceOver: { _tag: "GraceOver", leftAt: -1, error: unknown }
} as const satisfies Record<string, Event>

type Said = keyof typeof said
const all = Object.keys(said).filter((name): name is Said => name in said)

/** What comes next if nothing goes wrong, and what may well come in its place. */
const likely = (phase: Phase): ReadonlyArray<Said> => {
  switch (phase._tag) {
    case "Idle":
    case "NotSent":
      return ["Asked"]
    case "Waiting":
      switch (phase.step) {
        case "turn":
          return ["Admitted", "Admitted", "Admitted", "Left", "Known", "Exhausted"]
        case "intent":
          return ["IntentWritten", "IntentWritten", "IntentWritten", "Left", "Blocked", "Exhausted"]
        case "connection":
          return ["Ready", "Ready", "OnTheEdge", "Stale", "Left", "Busy"]
        case "pause":
          return ["Paused", "Paused", "Left"]
      }
    case "Sending":
      return ["Left", "Left", "Asked", "GraceOver", "Busy", "Exhausted", "Answered", "Declined", "Lost"]
    case "Unknown":
      return ["Asked", "Answered", "Declined", "Busy", "Lost"]
    case "Accepted":
    case "Refused":
      return ["Asked", "AnsweredOtherwise"]
  }
}

/** One choice of what is said: mostly what is likely, and now and then anything. */
const choices = fc.record({ any: fc.integer({ min: 0, max: 5 }).map((die) => die === 0), nth: fc.nat(1000) })
type Choice = typeof choices extends fc.Arbitrary<infer A> ? A : never

const chosen = ({ any, nth }: Choice, phase: Phase): Event => {
  const names = any ? all : likely(phase)
  return said[names[nth % names.length] ?? "Asked"]
}

interface Step {
  readonly from: Phase
  readonly event: Event
  readonly to: Phase
  readonly commands: ReadonlyArray<Command>
}

type Next = typeof next

/** Plays events against a machine, a second apart; a turn comes no earlier than the machine says. One `GraceOver` in two says truly since when. */
const played = (machine: Next, sequence: ReadonlyArray<Choice>): ReadonlyArray<Step> => {
  let phase = idle
  let now = 0
  return sequence.map((choice, index) => {
    const from = phase
    const given = chosen(choice, from)
    now += 1000
    if (given._tag === "Admitted" && from._tag === "Waiting") now = Math.max(now, from.notBefore)
    const event = timed(given, from, now, index % 2 === 0)
    const [to, commands] = machine(from, event)
    phase = to
    return { from, event, to, commands }
  })
}

const timed = (event: Event, phase: Phase, now: number, isTrue: boolean): Event => {
  switch (event._tag) {
    case "Left":
      return { ...event, now }
    case "Unsent":
      return { ...event, now, notBefore: now + event.notBefore }
    case "GraceOver":
      return isTrue && phase._tag === "Sending" ? { ...event, leftAt: phase.leftAt ?? 0 } : event
    case "Asked":
    case "Admitted":
    case "Known":
    case "Blocked":
    case "Taken":
    case "IntentWritten":
    case "Ready":
    case "Paused":
    case "Answered":
    case "Declined":
    case "Lost":
      return event
  }
}

/** What breaks a law, if anything does. */
const broken = (steps: ReadonlyArray<Step>): string | undefined => {
  /** POSTs that may have been accepted. */
  let open = 0
  let listening = false
  let written = false
  let earliest = 0
  for (const { commands, event, from, to } of steps) {
    if (event._tag === "Asked") listening = true
    if (commands.includes("Send")) {
      if (open > 0) return "a second POST goes while one may have been accepted"
      if (!listening) return "a POST begins whose callers had left"
      if (!written) return "a POST begins without an intent"
      if (event._tag !== "Ready" || event.age > freshFor) return "a POST begins whose intent is too old"
      open += 1
    }
    if (event._tag === "Left") listening = false
    if (event._tag === "IntentWritten" && from._tag === "Waiting" && from.step === "intent") written = true
    if (commands.includes("RemoveIntent")) written = false
    if ((event._tag === "Unsent" || event._tag === "Declined") && (from._tag === "Sending" || (from._tag === "Unknown" && from.sending))) {
      open -= 1
      if (written) return "an intent stays that looks as if it had been sent"
    }
    if (from._tag === "Accepted" && to !== from) return "an accepted submission becomes something else"
    if (from._tag === "Refused" && to !== from) return "a refused submission becomes something else"
    if (from._tag === "Unknown" && to._tag !== "Unknown" && !(to._tag === "Accepted" && from.sending && event._tag === "Answered")) {
      return "a submission with an unknown outcome becomes something else than the job"
    }
    if (from._tag === "Unknown" && to._tag === "Unknown" && to.error !== from.error)
      return "a submission with an unknown outcome changes its error"
    if (from._tag === "Sending" && (to._tag === "Idle" || to._tag === "Waiting") && event._tag !== "Unsent")
      return "a POST on its way is cut"
    const settled = to._tag === "Accepted" || to._tag === "Unknown" || to._tag === "Refused" || to._tag === "NotSent"
    if (settled && to._tag !== from._tag && !commands.includes("Tell")) return "nobody is told how it ended"
    if (to._tag === "Accepted" && from._tag !== "Accepted" && to.made !== commands.includes("KeepRef")) return "a reference is not kept"
    if (to._tag === "Unknown" && from._tag === "Sending" && !commands.includes("KeepUnknown")) return "an unknown outcome is not kept"
    if (from._tag === "Waiting" && to._tag === "Idle" && !(commands.includes("Stop") && commands.includes("RemoveIntent"))) {
      return "who leaves before the POST leaves something behind"
    }
    if (to._tag === "Waiting" && from._tag !== "Waiting" && to.notBefore < earliest) return "a wait that was asked for is cut short"
    if ("notBefore" in to) earliest = Math.max(earliest, to.notBefore)
    if (event._tag === "Unsent" && to !== from && "notBefore" in to) earliest = Math.max(to.notBefore, event.now + (event.wait ?? 0))
    if (event._tag === "Unsent" && to !== from && "notBefore" in to && to.notBefore < earliest)
      return "a wait that was asked for is forgotten"
  }
  return undefined
}

const runs = 100_000
const sequences = fc.array(choices, { minLength: 1, maxLength: 40 })

describe("a submission", () => {
  it("sends at most one POST that may have been accepted, whatever happens in whatever order", () => {
    const reached = new Map<string, number>()
    fc.assert(
      fc.property(sequences, (sequence) => {
        const steps = played(next, sequence)
        for (const { commands, event, from, to } of steps) {
          for (const what of [`in ${to._tag}`, `${event._tag} in ${from._tag}`, ...commands])
            reached.set(what, (reached.get(what) ?? 0) + 1)
        }
        expect(broken(steps)).toBeUndefined()
      }),
      { numRuns: runs }
    )
    const wanted: ReadonlyArray<string> = [
      ...["Idle", "Waiting", "Sending", "Accepted", "Unknown", "Refused", "NotSent"].map((tag) => `in ${tag}`),
      "Admit",
      "Stop",
      "WriteIntent",
      "Connect",
      "Send",
      "Abort",
      "Pause",
      "RemoveIntent",
      "KeepRef",
      "KeepUnknown",
      "Tell",
      ...["Answered", "Declined", "Unsent", "Lost", "Asked", "Left", "GraceOver"].map((tag) => `${tag} in Sending`),
      ...["Answered", "Declined", "Unsent", "Lost", "Asked"].map((tag) => `${tag} in Unknown`),
      "Asked in NotSent"
    ]
    expect(wanted.filter((what) => (reached.get(what) ?? 0) < 100)).toEqual([])
  })

  it("does the same thing again and again once it is over", () => {
    fc.assert(
      fc.property(sequences, fc.constantFrom(...all), (sequence, name) => {
        const last = played(next, sequence).at(-1)?.to ?? idle
        if (last._tag !== "Accepted" && last._tag !== "Refused") return
        expect(next(last, said[name])).toEqual([last, []])
      }),
      { numRuns: 10_000 }
    )
  })

  it("lets go of one who leaves a POST after ten seconds, and sends nothing that has waited longer than five", () => {
    expect([grace, freshFor]).toEqual([10_000, 5000])
  })
})

/** The machine, broken on purpose. */
const mutants: ReadonlyArray<readonly [string, Next]> = [
  [
    "asks again after an unknown outcome",
    (phase, event) => (phase._tag === "Unknown" && event._tag === "Asked" ? next(idle, event) : next(phase, event))
  ],
  [
    "asks again after a refusal",
    (phase, event) => (phase._tag === "Refused" && event._tag === "Asked" ? next(idle, event) : next(phase, event))
  ],
  [
    "asks again for an accepted job",
    (phase, event) => (phase._tag === "Accepted" && event._tag === "Asked" ? next(idle, event) : next(phase, event))
  ],
  [
    "cuts a POST whose caller leaves",
    (phase, event) => (phase._tag === "Sending" && event._tag === "Left" ? [{ _tag: "Idle", notBefore: 0 }, ["Stop"]] : next(phase, event))
  ],
  ["sends what is too old", (phase, event) => next(phase, event._tag === "Ready" ? { ...event, age: 0 } : event)],
  [
    "sends without an intent",
    (phase, event) =>
      event._tag === "Admitted" && phase._tag === "Waiting" ? [{ ...phase, step: "connection" }, ["Connect"]] : next(phase, event)
  ],
  [
    "goes on though all have left",
    (phase, event) => (event._tag === "Left" && phase._tag === "Waiting" ? [phase, []] : next(phase, event))
  ],
  [
    "leaves its intent behind",
    (phase, event) => {
      const [to, commands] = next(phase, event)
      return [to, commands.filter((command) => command !== "RemoveIntent")]
    }
  ],
  [
    "keeps no reference",
    (phase, event) => {
      const [to, commands] = next(phase, event)
      return [to, commands.filter((command) => command !== "KeepRef")]
    }
  ],
  [
    "keeps no unknown outcome",
    (phase, event) => {
      const [to, commands] = next(phase, event)
      return [to, commands.filter((command) => command !== "KeepUnknown")]
    }
  ],
  [
    "tells nobody",
    (phase, event) => {
      const [to, commands] = next(phase, event)
      return [to, commands.filter((command) => command !== "Tell")]
    }
  ],
  [
    "forgets how long to wait when all leave",
    (phase, event) => (event._tag === "Left" && phase._tag === "Waiting" ? [idle, ["Stop", "RemoveIntent"]] : next(phase, event))
  ],
  [
    "tries again at once after what was not sent",
    (phase, event) => (phase._tag === "NotSent" && event._tag === "Asked" ? next(idle, event) : next(phase, event))
  ],
  [
    "sends again after an answer that tells nothing",
    (phase, event) =>
      phase._tag === "Sending" && event._tag === "Lost"
        ? [{ _tag: "Waiting", step: "pause", attempt: 2, notBefore: 0 }, ["RemoveIntent", "Pause"]]
        : next(phase, event)
  ],
  [
    "takes a late refusal for the end of an unknown outcome",
    (phase, event) =>
      phase._tag === "Unknown" && event._tag === "Declined"
        ? [{ _tag: "Refused", error: event.error }, ["RemoveIntent", "Tell"]]
        : next(phase, event)
  ]
]

describe("a mutant of the machine", () => {
  it.each(mutants)("that %s is caught", (_, machine) => {
    const found = fc.check(
      fc.property(sequences, (sequence) => broken(played(machine, sequence)) === undefined),
      { numRuns: 20_000 }
    )
    expect(found.failed).toBe(true)
  })
})
