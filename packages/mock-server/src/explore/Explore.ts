/**
 * Looks for a world in which a client does something wrong, and for the smallest such one. It runs nothing itself: it names a world, is told
 * whether the client failed there, and names the next. So the client can be in any language, behind `POST /__mock/explore`.
 *
 * @since 0.1.0
 */
import * as Hash from "../base/hash.ts"
import { catalogue as builtInCatalogue } from "../providers/index.ts"
import * as Fault from "../script/Fault.ts"
import type { Script } from "../script/Script.ts"
import * as World from "../script/World.ts"

/**
 * Faults that a careful client gets over, by whose requests they are about; `drop` is of all, and needs a host that can break a connection.
 * What no client can be blamed for is not among them, as a corrupted file, or a status that is missing.
 *
 * @category constants
 * @since 0.1.0
 */
export const classes: Readonly<Record<"submit" | "poll" | "file" | "content" | "drop", ReadonlyArray<string>>> = {
  submit: ["submit-accepted-5xx", "submit-unaccepted-5xx", "submit-accepted-html", "submit-rate-limited"],
  poll: [
    "poll-unaccepted-5xx",
    "poll-accepted-html",
    "rate-limited",
    "rate-limited-date",
    "rate-limited-silent",
    "flaky",
    "query-failed",
    "unknown-status",
    "not-found-first"
  ],
  file: [
    "url-expired",
    "url-expired-404",
    "url-expired-410",
    "url-refuses-key",
    "redirected",
    "json-instead",
    "file-unaccepted-5xx",
    "file-accepted-html"
  ],
  content: ["content-unaccepted-5xx", "content-accepted-html"],
  drop: [
    "submit-unaccepted-drop",
    "submit-accepted-drop",
    "poll-unaccepted-drop",
    "poll-body-drop",
    "file-unaccepted-drop",
    "file-body-drop",
    "content-body-drop"
  ]
}

/**
 * Which worlds are explored. The same plan names the same ones.
 *
 * @category models
 * @since 0.1.0
 */
export interface Plan {
  /** What is drawn, is drawn from it. */
  readonly seed: string
  /** Names of providers. */
  readonly providers: readonly [string, ...ReadonlyArray<string>]
  /** The faults that these can show. Default: those of the built-in providers. */
  readonly catalogue?: Fault.Catalogue
  /** How many worlds, if nothing fails in them. */
  readonly runs: number
  /** Names of faults. Each is met within as many runs as there are. */
  readonly faults: ReadonlyArray<string>
  /** Of each world. Default: that of the mock. */
  readonly clock?: "lockstep"
}

/**
 * What was wrong in a world: what the mock found, and what the client said of itself.
 *
 * @category models
 * @since 0.1.0
 */
export interface Failure {
  readonly findings: ReadonlyArray<{ readonly law: string; readonly what: string }>
  readonly message?: string
}

/**
 * Where a search is. `world` is the one to be played next; `runs` and `shrinks` say how many were played so far.
 *
 * @category models
 * @since 0.1.0
 */
export type Search =
  | { readonly _tag: "Exploring"; readonly runs: number; readonly world: World.World }
  | {
      readonly _tag: "Shrinking"
      readonly runs: number
      readonly shrinks: number
      readonly world: World.World
      /** To be played after it, unless it fails. */
      readonly others: ReadonlyArray<World.World>
      readonly smallest: World.World
      readonly failure: Failure
      /** Tokens of those in which nothing failed. */
      readonly passed: ReadonlySet<string>
    }
  | { readonly _tag: "Passed"; readonly runs: number }
  | {
      readonly _tag: "Failed"
      readonly runs: number
      readonly shrinks: number
      readonly smallest: World.World
      readonly failure: Failure
    }

/**
 * The first world of a plan.
 *
 * **Example** (A client in the same process)
 *
 * ```ts
 * import { Explore } from "@reelay/mock-server"
 *
 * const plan: Explore.Plan = { seed: "1", providers: ["xai"], runs: 100, faults: Explore.classes.poll }
 * let search = Explore.begin(plan)
 * while (search._tag === "Exploring" || search._tag === "Shrinking") {
 *   // … the client runs in search.world …
 *   search = Explore.judged(plan, search, undefined)
 * }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const begin = (plan: Plan): Search => nextRun(plan, 0)

/**
 * Where the search goes on, once the client has run: `failure` says what was wrong, `undefined` that nothing was. After a failure each world
 * is the next of `World.smaller`, and the first that fails too takes its place; if none does, the search ends. So the smallest fails, and
 * none that is one change simpler does: for a client that does the same in the same world.
 *
 * @category combinators
 * @since 0.1.0
 */
export const judged = (plan: Plan, search: Search, failure: Failure | undefined): Search => {
  switch (search._tag) {
    case "Exploring": {
      const runs = search.runs + 1
      return failure === undefined ? nextRun(plan, runs) : shrink(runs, 0, search.world, failure, new Set())
    }
    case "Shrinking": {
      const { others, passed, runs, shrinks, smallest, world } = search
      if (failure !== undefined) return shrink(runs, shrinks + 1, world, failure, passed)
      const all = new Set(passed).add(World.toToken(world))
      return tryNext({ runs, shrinks: shrinks + 1, others, smallest, failure: search.failure, passed: all })
    }
    case "Passed":
    case "Failed":
      return search
  }
}

const nextRun = (plan: Plan, runs: number): Search =>
  runs < plan.runs ? { _tag: "Exploring", runs, world: generate(plan, runs) } : { _tag: "Passed", runs }

const shrink = (runs: number, shrinks: number, smallest: World.World, failure: Failure, passed: ReadonlySet<string>): Search =>
  tryNext({ runs, shrinks, others: World.smaller(smallest), smallest, failure, passed })

type Trying = Omit<Search & { readonly _tag: "Shrinking" }, "_tag" | "world">

const tryNext = ({ failure, others, passed, runs, shrinks, smallest }: Trying): Search => {
  const left = others.filter((world) => !passed.has(World.toToken(world)))
  const [world, ...rest] = left
  if (world === undefined) return { _tag: "Failed", runs, shrinks, smallest, failure }
  return { _tag: "Shrinking", runs, shrinks, world, others: rest, smallest, failure, passed }
}

/** A number from 0 up to `below`. */
type Dice = (what: string, below: number) => number

const diceOf =
  (text: string): Dice =>
  (what, below) =>
    Hash.bytes(`${text} ${what}`, 4).reduce((sum, byte) => sum * 256 + byte, 0) % below

const pick = <A>(dice: Dice, what: string, all: readonly [A, ...ReadonlyArray<A>]): A => all[dice(what, all.length)] ?? all[0]

/**
 * The n-th world of a plan, counted from 0, which is a quiet one. Its jobs move by polls, so that nobody has to wait.
 *
 * @category constructors
 * @since 0.1.0
 */
export const generate = ({ catalogue = builtInCatalogue, clock, faults: names, providers, seed }: Plan, nth: number): World.World => {
  const dice = diceOf(`explore ${seed} ${nth}`)
  const provider = pick(dice, "provider", providers)
  const setting = { provider, seed: `${seed}-${nth}`, ...(clock === undefined ? {} : { clock }) }
  if (nth === 0) return { ...setting, script: { advances: { polls: 1 } } }
  const kinds = names.flatMap((name) => {
    const kind = catalogue.kindOf(name)
    return kind === undefined || kind.only?.includes(provider) === false ? [] : [kind]
  })
  const places = [nth - 1, ...Array.from({ length: dice("faults", 3) }, (_, index) => dice(`fault ${index}`, kinds.length))]
  const chosen = [...new Set(places.flatMap((place) => kinds[place % kinds.length] ?? []))]
  // A fault of the file needs a file, and one of a submission a bill.
  const about = new Set(chosen.map(({ endpoint }) => endpoint))
  const endings =
    about.has("file") || about.has("content")
      ? (["succeeded"] as const)
      : about.has("submit")
        ? billed
        : ([...billed, "failed" as const] as const)
  const faults = chosen.map((kind) => variant(dice, kind, clock === "lockstep"))
  const progress = pick<Script["progress"]>(dice, "progress", [
    "linear",
    "linear",
    "absent",
    { stallsAt: 99 },
    { shows: [10, 40, 25, null] }
  ])
  const script = {
    advances: { polls: 1 + dice("polls", 6) },
    ending: pick<Script["ending"]>(dice, "ending", endings),
    faults,
    ...(progress === "linear" ? {} : { progress }),
    ...(dice("has phases", 2) === 0 ? {} : { phases: phasesOf(dice) })
  }
  // Without what is as usual.
  const world = World.fromToken(World.toToken({ ...setting, script }))
  return "problem" in world ? { ...setting, script } : world
}

/** No document says whether a success without a URL is an end: who asks again does nothing wrong. */
const billed = ["succeeded", "succeeded", "moderated", "expired"] as const

const variant = (dice: Dice, { name, usual }: Fault.Kind, isVirtual: boolean): Fault.Fault => {
  const first = 1 + dice(`first ${name}`, 3)
  // Who waits on a real clock waits a second at most.
  const fields = Fault.fieldsOf(name)
  const retryAfter = isVirtual ? { retryAfter: 1 + dice(`wait ${name}`, 30) } : { requests: { first: 1 } }
  const isCounted = "first" in usual && isVirtual && fields.includes("requests")
  return { name, ...(isCounted ? { requests: { first } } : {}), ...(fields.includes("retryAfter") ? retryAfter : {}) }
}

const phasesOf = (dice: Dice): Script["phases"] => {
  const states = (["submitted", "queued", "running"] as const).filter((state) => dice(state, 3) > 0)
  const all = states.length === 0 ? (["running"] as const) : states
  return all.map((state) => ({ state, lasts: 1000 * (1 + dice(`lasts ${state}`, 3)) }))
}

/**
 * The classes as a table in Markdown, for the README.
 *
 * @category formatting
 * @since 0.1.0
 */
export const toMarkdown = (): string =>
  [
    "| Class | Faults |",
    "| --- | --- |",
    ...Object.entries(classes).map(([name, faults]) => `| \`${name}\` | ${faults.map((fault) => `\`${fault}\``).join(", ")} |`)
  ].join("\n")
