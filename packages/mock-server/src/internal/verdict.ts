/** All that was wrong in a mock: what the ledger and the history find, and requests that found no route. */
import { providers, type Provider } from "../dialects/Dialect.ts"
import { kindOf } from "../Fault.ts"
import * as History from "../History.ts"
import * as Ledger from "../Ledger.ts"
import type { JobView, Mock } from "../Mock.ts"

export interface Wrong {
  /** A law of `History`, a kind of finding of `Ledger`, or `route`; of a client that is over `unused` too. */
  readonly law: string
  /** In a sentence. */
  readonly what: string
}

type Floors = Readonly<Partial<Record<Provider, number>>>

/** The floors that a query asks for: `?floor=5000` for all, `?floor=xai:5000` for one. */
export const floorsIn = (query: URLSearchParams): Floors | undefined => {
  const floors: Partial<Record<Provider, number>> = {}
  for (const text of query.getAll("floor")) {
    const [, name, millis = ""] = /^(?:(\w+):)?(\d+)$/.exec(text) ?? []
    const whose = providers.filter((provider) => name === undefined || name === provider)
    if (millis === "" || whose.length === 0) return undefined
    for (const provider of whose) floors[provider] = Number(millis)
  }
  return floors
}

/** What is wrong by now; and where the client `isOver`, and will ask nothing more, what it has left undone. */
export const wrongsOf = (mock: Mock, floors: Floors, isOver: boolean): ReadonlyArray<Wrong> => {
  const { findings } = Ledger.of(mock.jobs, mock.clock.now)
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
 * Jobs that the client knows of, and did not follow to their end. Nobody can follow one whose id was lost with the answer. And where nothing was
 * ever submitted, all is well for the wrong reason.
 */
const leftUndone = ({ jobs, journal, tasks }: Mock): ReadonlyArray<Wrong> => {
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
