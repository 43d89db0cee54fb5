/**
 * All that was wrong in a mock: what the ledger and the history find, and requests that found no route. The last line of a test that lets a client
 * run against it.
 *
 * @since 0.1.0
 */
import type { Provider } from "../provider/Provider.ts"
import { kindOf } from "../script/Fault.ts"
import * as World from "../script/World.ts"
import * as History from "./History.ts"
import type { JobView } from "./JobView.ts"
import * as Ledger from "./Ledger.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Finding {
  /** A law of `History`, a kind of finding of `Ledger`, or `route`; of a client that is over `unused` too. */
  readonly law: string
  /** In a sentence. */
  readonly what: string
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
  readonly like: (provider: World.World["provider"]) => World.World
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The least distance between two polls of a job, in milliseconds, by provider. Default: none. */
  readonly floors?: History.Evidence["floors"]
  /** The client has ended, and will ask nothing more: what it has left undone is wrong, too. Default: false. */
  readonly isOver?: boolean
}

/**
 * Every finding in a mock by now; its worlds are mocks of their own, in `mock.worlds`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (mock: Judged, { floors = {}, isOver = false }: Options = {}): ReadonlyArray<Finding> => {
  const { findings } = Ledger.of(mock.jobs, mock.clock.now, Ledger.pricesOf(mock.providers))
  return [
    ...findings.filter(({ kind }) => !isOver || kind !== "abandoned").map(({ kind, jobs, what }) => ({ law: kind, jobs, what })),
    ...(isOver ? leftUndone(mock) : []),
    ...History.check({ ...mock, floors }),
    ...mock.journal.flatMap(({ at, method, nearest = [], path }) => {
      const [near] = nearest
      return near === undefined
        ? []
        : [{ law: "route", at, what: `${method} ${path} found no route; the nearest is ${near.method} ${near.path}: ${near.differs}` }]
    })
  ]
}

/**
 * Thrown if a client did something wrong. The message has every finding, and the path of a world in which to see it again.
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

const textOf = ({ again, findings, name }: Place): string =>
  [
    `The mock found the client wrong${name}:`,
    ...findings.map(({ law, what }) => `  ${law}: ${what}`),
    ...again.map((path) => `Again: reelay-mock, and the base URL <url>${path}`)
  ].join("\n")

/**
 * Throws `FoundWrong` if a mock, or a world in it, has found anything wrong.
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
  const places: ReadonlyArray<Place> = [
    { name: "", findings: of(mock, options), again: Array.from(providers, (provider) => `/r/${World.toToken(mock.like(provider))}`) },
    ...Array.from(mock.worlds, ([called, world]) => ({
      name: ` in the world /r/${called}`,
      findings: of(world, options),
      again: [`/r/${called}`]
    }))
  ]
  const mocks = [mock, ...mock.worlds.values()]
  const isPlayed = mocks.some(({ journal }) => journal.length > 0)
  // If one was played, it says nothing that none was submitted to the others.
  const wrong = places.filter(({ findings }, index) => findings.length > 0 && !(isPlayed && mocks[index]?.journal.length === 0))
  if (wrong.length > 0) throw new FoundWrong(wrong)
}

/**
 * Jobs that the client knows of, and did not follow to their end. Nobody can follow one whose id was lost with the answer. And if nothing was
 * ever submitted, all is well for the wrong reason.
 */
const leftUndone = ({ jobs, journal, tasks }: Judged): ReadonlyArray<Finding> => {
  if (!journal.some(({ route }) => route === "submit")) {
    return [{ law: "unused", what: "nothing was submitted here: does the client take this base URL?" }]
  }
  const lost = new Set(
    journal.flatMap(({ fault = "", jobId, route }) => {
      const point = kindOf(fault)?.cell?.point
      return route === "submit" && point !== undefined && point !== "answered" ? [jobId] : []
    })
  )
  const isLeft = ({ endToldAt, id, script }: JobView): boolean => endToldAt === undefined && script.ending !== "never" && !lost.has(id)
  // Of a gateway its client knows the ids, and the upstream's nobody.
  const upstream = new Set(journal.flatMap(({ isUpstream, jobId, route }) => (isUpstream === true && route === "submit" ? [jobId] : [])))
  return [...jobs.filter(({ id }) => !upstream.has(id)), ...tasks].filter(isLeft).map(({ id }) => ({
    law: "abandoned",
    jobId: id,
    what: `abandoned: ${id} was submitted, and the client ended before it was told how the job did`
  }))
}
