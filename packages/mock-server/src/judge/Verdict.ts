/**
 * Whether a client did well in a mock, for CI to trust: what the ledger and the history find, requests that found no route, and, since a run in
 * which nothing went wrong may be one in which nothing happened, what came of it. The last line of a test that lets a client run against it.
 *
 * @since 0.1.0
 */
import type { Provider } from "../provider/Provider.ts"
import * as World from "../script/World.ts"
import * as History from "./History.ts"
import { describe, type Law, type Severity } from "./laws.ts"
import * as Ledger from "./Ledger.ts"
import { type Options, refuse, usualFailOn } from "./options.ts"
import { leftUndone } from "./outcome.ts"

/** @category models */
export type { Law, Severity } from "./laws.ts"
/** @category constants */
export { laws, lawNames, severities, toMarkdown } from "./laws.ts"
/** @category models */
export type { Options } from "./options.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Finding {
  readonly law: Law
  readonly severity: Severity
  /** It makes `ok` false: its severity is one to fail on, and the test did not allow it. */
  readonly breaksOk: boolean
  /** In a sentence. */
  readonly what: string
  readonly jobId?: string
  readonly jobs?: ReadonlyArray<string>
  /** When it was seen, in milliseconds since the epoch. */
  readonly at?: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Verdict {
  /** No finding breaks it. */
  readonly ok: boolean
  /** All of them, those too that don't break `ok`. */
  readonly findings: ReadonlyArray<Finding>
}

/**
 * As much of a mock as is judged. Its worlds are mocks of their own.
 *
 * @category models
 * @since 0.1.0
 */
export interface Judged extends Required<Omit<History.Evidence, "floors" | "providers">> {
  readonly providers: ReadonlyArray<Provider>
  readonly clock: { readonly now: number }
  readonly worlds: ReadonlyMap<string, Judged>
  /** How many explorations were begun in it. */
  readonly explorations: number
  readonly like: (provider: World.World["provider"]) => World.World
}

type Found = Omit<Finding, "severity" | "breaksOk"> & Partial<Pick<Finding, "severity">>

const foundIn = (mock: Judged, { copies = 1, floors = {}, isOver = true }: Options): ReadonlyArray<Found> => {
  const ledger = Ledger.of(mock.jobs, mock.clock.now, Ledger.pricesOf(mock.providers), copies)
  return [
    ...ledger.findings.filter(({ kind }) => !isOver || kind !== "abandoned").map(({ kind, jobs, what }) => ({ law: kind, jobs, what })),
    ...(isOver ? leftUndone(mock, ledger, copies) : []),
    ...History.check({ ...mock, floors }),
    ...mock.journal.flatMap(({ at, method, nearest = [], path }) => {
      const [near] = nearest
      return near === undefined
        ? []
        : [
            {
              law: "route" as const,
              at,
              what: `${method} ${path} found no route; the nearest is ${near.method} ${near.path}: ${near.differs}`
            }
          ]
    })
  ]
}

/** What the test expected, and nobody found. */
const missing = (found: ReadonlyArray<Pick<Found, "law">>, { expect = [] }: Options): ReadonlyArray<Found> =>
  expect
    .filter((law) => !found.some((each) => each.law === law))
    .map((law) => ({ law: "unmet", what: `the test expected "${law}", and it was not found` }))

const judged =
  ({ allow = [], expect = [], failOn = usualFailOn }: Options) =>
  ({ law, severity = describe(law).severity, ...rest }: Found): Finding => {
    const { isAskedFor = false } = describe(law)
    const isAllowed = allow.includes(law) || expect.includes(law)
    return { law, severity, breaksOk: !isAllowed && (isAskedFor || failOn.includes(severity)), ...rest }
  }

const checked = (options: Options): Options => {
  const problem = refuse(options)
  if (problem !== undefined) throw new TypeError(problem)
  return options
}

/**
 * The verdict on a mock by now; its worlds are mocks of their own, in `mock.worlds`. Throws a TypeError if an option makes no sense.
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (mock: Judged, options: Options = {}): Verdict => {
  const found = foundIn(mock, checked(options))
  const findings = [...found, ...missing(found, options)].map(judged(options))
  return { ok: !findings.some(({ breaksOk }) => breaksOk), findings }
}

/**
 * Thrown if a client did something wrong. The message has every finding that breaks `ok`, the path of a world in which to see it again, and how a
 * test says that it expects that.
 *
 * @category errors
 * @since 0.1.0
 */
export class FoundWrong extends Error {
  override readonly name = "FoundWrong"
  readonly findings: ReadonlyArray<Finding>
  constructor(places: ReadonlyArray<Place>) {
    super(places.map(textOf).join("\n"))
    this.findings = places.flatMap(({ findings }) => findings)
  }
}

/** What was found in one mock. */
interface Place {
  readonly name: string
  readonly findings: ReadonlyArray<Finding>
  /** The paths of worlds in which it can be seen again. */
  readonly again: ReadonlyArray<string>
}

const textOf = ({ again, findings, name }: Place): string => {
  const laws = [...new Set(findings.map(({ law }) => law))].filter((law) => law !== "unmet")
  return [
    `The mock found the client wrong${name}:`,
    ...findings.map(({ law, severity, what }) => `  ${law} (${severity}): ${what}`),
    ...(laws.length === 0 ? [] : [`If the test means it so: { expect: ${JSON.stringify(laws)} }`]),
    ...again.map((path) => `Again: reelay-mock, and the base URL <url>${path}`)
  ].join("\n")
}

/**
 * Throws `FoundWrong` if the verdict on a mock, or on a world in it, is not ok.
 *
 * **Example** (At the end of a test, in any runner)
 *
 * ```ts
 * import { Mock, Verdict } from "@reelay/mock-server"
 *
 * const mock = Mock.make({ now: () => 0 })
 * // … a client runs against it …
 * Verdict.check(mock, { floors: { xai: 5000 } })
 * ```
 *
 * @category testing
 * @since 0.1.0
 */
export const check = (mock: Judged, options: Options = {}): void => {
  const upstream = new Set(mock.tasks.map((task) => task.upstream))
  const providers = new Set([
    ...mock.jobs.flatMap(({ id, provider }) => (upstream.has(id) ? [] : [provider])),
    ...mock.tasks.flatMap(({ gateway }) => gateway ?? [])
  ])
  checked(options)
  const mocks: ReadonlyArray<readonly [string, Judged]> = [["", mock], ...mock.worlds]
  const isPlayed = mocks.some(([, { journal }]) => journal.length > 0)
  // If one was played, it says nothing that none was submitted to the others.
  const played = mocks
    .filter(([, { journal }]) => !isPlayed || journal.length > 0)
    .map(([called, each]) => ({ called, found: foundIn(each, options) }))
  // What is expected may be found in any of them.
  const unmet = missing(
    played.flatMap(({ found }) => found),
    options
  )
  const wrong = played.flatMap(({ called, found }, index): ReadonlyArray<Place> => {
    const findings = [...found, ...(index === 0 ? unmet : [])].map(judged(options)).filter(({ breaksOk }) => breaksOk)
    const again = called === "" ? Array.from(providers, (provider) => `/r/${World.toToken(mock.like(provider))}`) : [`/r/${called}`]
    return findings.length === 0 ? [] : [{ name: called === "" ? "" : ` in the world /r/${called}`, findings, again }]
  })
  if (wrong.length > 0) throw new FoundWrong(wrong)
}
