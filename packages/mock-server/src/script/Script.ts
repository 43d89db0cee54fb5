/**
 * The life of a job in the mock, as data: written in TypeScript, or as JSON by a client in any language.
 *
 * What a script leaves open, such as how long the queue is, is drawn once, from its seed and the job. After that a moment of the job depends
 * on its age alone: on no clock, no other job, and no earlier question.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import * as Hash from "../base/hash.ts"
import { stranger } from "../base/stranger.ts"
import { longest } from "../base/time.ts"
import * as Fault from "./Fault.ts"

const Millis = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: longest }))
const Percent = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 }))

/**
 * Schema for a time in milliseconds: as it is, evenly between two, or lognormal around a median, as queues are. `longest` cuts its tail.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Length = Schema.Union([
  Millis,
  Schema.Struct({ uniform: Schema.Tuple([Millis, Millis]) }),
  Schema.Struct({
    lognormal: Schema.Struct({
      median: Millis,
      /** Of the logarithm: 0.5 puts two in three between 60 % and 165 % of the median. */
      sigma: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 4 })),
      longest: Schema.optionalKey(Millis)
    })
  })
])
/** @category models */
export type Length = typeof Length.Type

/**
 * Schema for one part of a job's life.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Phase = Schema.Struct({ state: Schema.Literals(["submitted", "queued", "running"]), lasts: Length })
/** @category models */
export type Phase = typeof Phase.Type

/**
 * Schema for what a running job says of its progress. `linear`: 0 to 99 %. `absent`: nothing. `text`: as "42%". `stallsAt`: goes up to that, and
 * stays there. `shows`: these one after the other, each for an equal share of the time; numbers may jump and go back, null says nothing.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Progress = Schema.Union([
  Schema.Literals(["linear", "absent", "text"]),
  Schema.Struct({ stallsAt: Percent }),
  Schema.Struct({ shows: Schema.NonEmptyArray(Schema.Union([Percent, Schema.String, Schema.Null])) })
])
/** @category models */
export type Progress = typeof Progress.Type

/**
 * Schema for how a job ends. `never`: it runs for ever. `delivered`: a success whose video was put at an address of the client's; a provider that has no
 * such thing succeeds.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Ending = Schema.Literals([
  "succeeded",
  "failed",
  "gateway-failed",
  "moderated",
  "expired",
  "cancelled",
  "no-url",
  "delivered",
  "never"
])
/** @category models */
export type Ending = typeof Ending.Type

/**
 * Schema for a script. What JSON leaves out has its default.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Script = Schema.Struct({
  /** One after the other; the end follows the last. None: the job has ended when it is first asked about. */
  phases: Schema.Array(Phase),
  /** From submission to the end, in milliseconds: the phases are scaled to it. Default: as long as they are. */
  duration: Schema.optionalKey(Millis),
  ending: Ending,
  /** Which of a provider's ways to say "moderated" is used; only xAI has more than one. Default: the usual one. */
  moderation: Schema.optionalKey(Schema.Literals(["http-400", "http-400-first-code", "failed", "done"])),
  /** Which of a provider's documented shapes an answer takes, if there is more than one. */
  shape: Schema.Literals(["default", "flat", "output-url", "every-url"]),
  progress: Progress,
  /** What makes the job older: `time`; `hand`, which is `POST /__mock/jobs/{id}/advance`; or so many polls from its submission to its end. */
  advances: Schema.Union([
    Schema.Literals(["time", "hand"]),
    Schema.Struct({ polls: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 })) })
  ]),
  /** What goes wrong. If two are about one request, the first in this list wins. */
  faults: Schema.Array(Fault.Fault),
  /** What is drawn, is drawn from it and the job's id. Default: the mock's seed. */
  seed: Schema.optionalKey(Schema.Union([Schema.String, Schema.Finite]))
})
/** @category models */
export type Script = typeof Script.Type

/**
 * Schema for what a script says of its own; the rest is as usual.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Changes = Script.mapFields(Struct.map(Schema.optionalKey))
/** @category models */
export type Changes = typeof Changes.Type

/**
 * A job as it is at one point of its life.
 *
 * @category models
 * @since 0.1.0
 */
export type Moment =
  | { readonly _tag: "Submitted" }
  | { readonly _tag: "Queued" }
  /** `progress`: percent, as a number or in words; not there if nothing is said of it. */
  | { readonly _tag: "Running"; readonly progress?: number | string }
  | { readonly _tag: "Ended"; readonly ending: Exclude<Ending, "never"> }

/**
 * A script whose dice have been cast.
 *
 * @category models
 * @since 0.1.0
 */
export interface Life extends Pick<Script, "ending" | "progress"> {
  /** In order; each ends where the next begins. Milliseconds of the job's age. */
  readonly phases: ReadonlyArray<{ readonly state: Phase["state"]; readonly until: number }>
  /** The age at which the job ends, whatever `ending` says. */
  readonly end: number
}

/**
 * The script of a job whose prompt says nothing: it succeeds after `duration` milliseconds. A tenth of it each to be accepted and to wait, the
 * rest to run.
 *
 * @category constructors
 * @since 0.1.0
 */
export const success = (duration: number): Script => ({
  phases: [
    { state: "submitted", lasts: duration / 10 },
    { state: "queued", lasts: duration / 10 },
    { state: "running", lasts: duration * 0.8 }
  ],
  duration,
  ending: "succeeded",
  shape: "default",
  progress: "linear",
  advances: "time",
  faults: []
})

const decode = Schema.decodeUnknownResult(Schema.Record(Schema.String, Schema.Unknown))
const decodeScript = Schema.decodeUnknownResult(Script, { onExcessProperty: "error" })

/**
 * Reads a script from JSON, or says what is wrong with it. Fields that are left out are those of `success(duration)`, and with other phases
 * there is no `duration` to scale them to. `catalogue`: the faults that there are. Default: any provider's.
 *
 * **Example** (A queue that differs from job to job, and a connection that breaks)
 *
 * ```ts
 * import { Script } from "@reelay/mock-server"
 *
 * Script.fromJson(
 *   {
 *     phases: [
 *       { state: "queued", lasts: { lognormal: { median: 20_000, sigma: 0.5 } } },
 *       { state: "running", lasts: 30_000 }
 *     ],
 *     faults: ["poll-unaccepted-reset"]
 *   },
 *   10_000
 * )
 * ```
 *
 * @category converting
 * @since 0.1.0
 */
export const fromJson = (
  json: unknown,
  duration: number,
  catalogue: Fault.Catalogue = Fault.anyProvider
): Script | { readonly problem: string } => {
  const given = decode(json)
  if (given._tag === "Failure") return { problem: 'a script is a JSON object, as {"ending": "failed"}' }
  const problem = stranger("field of a script", Object.keys(given.success), Object.keys(Script.fields))
  if (problem !== undefined) return { problem }
  const { duration: usual, ...others } = success(duration)
  const scaled = "phases" in given.success ? {} : { duration: usual }
  const faults = Fault.fromJson(given.success["faults"] ?? [], catalogue)
  if ("problem" in faults) return faults
  const script = decodeScript({ ...others, ...scaled, ...given.success, faults: faults.faults })
  return script._tag === "Success" ? script.success : { problem: String(script.failure) }
}

/**
 * What a script says of its own: `fromJson` makes the same life of it. Phases that are the usual ones, in another length, are left out.
 *
 * @category converting
 * @since 0.1.0
 */
export const changesOf = ({ phases, ...script }: Script): Changes => {
  const { duration: _, phases: __, ...usual } = success(0)
  const defaults = new Map<string, unknown>(Object.entries(usual))
  const own = Object.entries(script).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults.get(name)))
  const isUsual = script.duration !== undefined && JSON.stringify(phases) === JSON.stringify(success(script.duration).phases)
  return { ...(isUsual ? {} : { phases }), ...Object.fromEntries(own) }
}

/** A number from 0 up to 1 that depends on a text alone. */
const drawn = (text: string): number => Hash.bytes(text, 6).reduce((sum, byte) => (sum + byte) / 256, 0)

/**
 * A time of such a length, in milliseconds: the same for the same text.
 *
 * @category converting
 * @since 0.1.0
 */
export const lengthOf = (length: Length, text: string): number => {
  if (typeof length === "number") return length
  if ("uniform" in length) {
    const [one, other] = length.uniform
    return Math.round(one + (other - one) * drawn(text))
  }
  const { longest: cut = longest, median, sigma } = length.lognormal
  // Box and Muller's normal deviate; 1 less, since a logarithm needs more than 0.
  const deviate = Math.sqrt(-2 * Math.log(1 - drawn(`${text} radius`))) * Math.cos(2 * Math.PI * drawn(`${text} angle`))
  return Math.min(cut, Math.round(median * Math.exp(sigma * deviate)))
}

/**
 * Casts the dice of a script: the same `seed` and job give the same life.
 *
 * @category converting
 * @since 0.1.0
 */
export const draw = ({ duration, ending, phases, progress, seed: own }: Script, seed: string, job: string): Life => {
  const lengths = phases.map(({ lasts }, index) => lengthOf(lasts, `length ${own ?? seed} ${job} ${index}`))
  const sum = lengths.reduce((all, length) => all + length, 0)
  const end = duration ?? sum
  // Phases that take no time can't be scaled: then all of it is the last one's.
  const scale = sum > 0 ? end / sum : 0
  let age = 0
  return {
    ending,
    progress,
    end,
    phases: phases.map(({ state }, index) => {
      age += (lengths[index] ?? 0) * scale
      return { state, until: index === phases.length - 1 ? end : Math.min(end, age) }
    })
  }
}

/**
 * Whether a script keeps to what JSON may say, as one that was made longer may not.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isPlayable = Schema.is(Script)

/**
 * The same script, so many times as slow.
 *
 * @category converting
 * @since 0.1.0
 */
export const slowed = (script: Script, factor: number): Script => {
  const longer = (length: Length): Length => {
    if (typeof length === "number") return length * factor
    if ("uniform" in length) return { uniform: [length.uniform[0] * factor, length.uniform[1] * factor] }
    const { longest: cut, median, sigma } = length.lognormal
    return { lognormal: { median: median * factor, sigma, ...(cut === undefined ? {} : { longest: cut * factor }) } }
  }
  return {
    ...script,
    phases: script.phases.map(({ lasts, state }) => ({ state, lasts: longer(lasts) })),
    ...(script.duration === undefined ? {} : { duration: script.duration * factor })
  }
}

/** 1e-9: 0.2 + 0.8 * 0.42 is a little below itself in floating point. */
const floor = (value: number): number => Math.floor(value + 1e-9)

/** What is said of a job that has run for a share of its time, 0 to 1. */
const progressAt = (progress: Progress, share: number): number | string | undefined => {
  const percent = Math.min(99, floor(share * 100))
  switch (progress) {
    case "linear":
      return percent
    case "text":
      return `${percent}%`
    case "absent":
      return undefined
    default:
      if ("stallsAt" in progress) return Math.min(percent, progress.stallsAt)
      return progress.shows[Math.min(progress.shows.length - 1, floor(share * progress.shows.length))] ?? undefined
  }
}

/**
 * The job at an age in milliseconds.
 *
 * @example
 * ```ts
 * import { Script } from "@reelay/mock-server"
 *
 * Script.momentAt(Script.draw(Script.success(10_000), "seed", "job"), 6_000) // { _tag: "Running", progress: 50 }
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const momentAt = ({ end, ending, phases, progress }: Life, age: number): Moment => {
  const running = (share: number): Moment => {
    const said = progressAt(progress, share)
    return said === undefined ? { _tag: "Running" } : { _tag: "Running", progress: said }
  }
  if (age >= end || phases.length === 0) return ending === "never" ? running(1) : { _tag: "Ended", ending }
  const index = phases.findIndex(({ until }) => age < until)
  const phase = phases[index]
  switch (phase?.state) {
    case undefined:
    case "submitted":
      return { _tag: "Submitted" }
    case "queued":
      return { _tag: "Queued" }
    case "running": {
      const from = phases[index - 1]?.until ?? 0
      return running((Math.max(from, age) - from) / (phase.until - from))
    }
  }
}

/**
 * A script with a name, for those who need no other.
 *
 * @category models
 * @since 0.1.0
 */
export interface Named {
  readonly name: string
  /** What it is for, in one line. */
  readonly what: string
  readonly script: Script
}

const named = (name: string, what: string, changes: Partial<Script>, duration = 10_000): Named => {
  const { duration: usual, ...others } = success(duration)
  return { name, what, script: { ...others, ...("phases" in changes ? {} : { duration: usual }), ...changes } }
}

const minutes = (count: number): number => count * 60_000

/**
 * Scripts that are worth a name.
 *
 * @category constants
 * @since 0.1.0
 */
export const library: ReadonlyArray<Named> = [
  named("typical", "A render as users see it: some 30 s in the queue, about 90 s of work, both with a long tail.", {
    phases: [
      { state: "submitted", lasts: { uniform: [500, 3000] } },
      { state: "queued", lasts: { lognormal: { median: 30_000, sigma: 0.8, longest: minutes(10) } } },
      { state: "running", lasts: { lognormal: { median: 90_000, sigma: 0.4, longest: minutes(12) } } }
    ]
  }),
  named("long", "25 minutes, of which 20 in the queue.", {
    phases: [
      { state: "queued", lasts: minutes(20) },
      { state: "running", lasts: minutes(5) }
    ]
  }),
  named("at-once", "Ended when it is first asked about.", { phases: [] }),
  named("three-polls", "Ends with the third poll, however fast they come.", { advances: { polls: 3 } }),
  named("ten-polls", "Waits at the first poll, runs from the second on, and ends with the tenth.", { advances: { polls: 10 } }),
  named("by-hand", "Moves only when POST /__mock/jobs/{id}/advance says so.", { advances: "hand" }),
  named("stalls-at-99", "99 % for half of its time.", { progress: { shows: [0, 20, 40, 60, 80, 99, 99, 99, 99, 99] } }),
  named("jumps", "Nothing for a while, then 50 %, then the end.", { progress: { shows: [0, 0, 50] } }),
  named("goes-backwards", "Progress falls twice.", { progress: { shows: [10, 40, 25, 70, 5, 90] } }),
  named("progress-as-text", 'Progress is a text, "42%" (new-api).', { progress: "text" }),
  named("no-progress", "Progress is never told.", { progress: "absent" })
]

/**
 * The library as a table in Markdown, for the README.
 *
 * @category formatting
 * @since 0.1.0
 */
export const toMarkdown = (): string =>
  ["| Script | What it is for |", "| --- | --- |", ...library.map(({ name, what }) => `| \`${name}\` | ${what} |`)].join("\n")
