/** What a test says of its verdict: as an object, and as the query of GET /__mock/verify. */
import { stranger } from "../base/stranger.ts"
import { calledOf, type Provider } from "../provider/Provider.ts"
import { isLaw, type Law, lawNames, severities, type Severity } from "./laws.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The least time between two polls of a job, in milliseconds, by provider. Default: none. */
  readonly floors?: Readonly<Record<string, number>>
  /**
   * The client has ended, and will send no more requests: what it has left undone is wrong, too. `false` is for a verdict on a client that still
   * runs. Default: true.
   */
  readonly isOver?: boolean
  /** These may be found, and don't make `ok` false. Default: none. */
  readonly allow?: ReadonlyArray<Law>
  /** These are allowed, and have to be found: a test that expects a lost job fails if no job was lost. Default: none. */
  readonly expect?: ReadonlyArray<Law>
  /** Findings of which severities make `ok` false. Default: `money` and `data`. */
  readonly failOn?: ReadonlyArray<Severity>
  /** How many jobs are meant by equal submissions, if the client does not say so in a header. Default: 1. */
  readonly copies?: number
}

export const usualFailOn: ReadonlyArray<Severity> = ["money", "data"]

/** Why options make no sense: JavaScript, and a query, have no types. */
export const refuse = ({ allow = [], copies = 1, expect = [], failOn = [] }: Options): string | undefined =>
  stranger("law", [...allow, ...expect], lawNames) ??
  stranger("severity", failOn, severities) ??
  (Number.isInteger(copies) && copies >= 1 ? undefined : `copies must be an integer above 0, not ${JSON.stringify(copies)}`)

const fields = ["allow", "copies", "expect", "failOn", "floor", "over"]

/** A parameter that names several: once each, or with commas. */
const namesIn = (query: URLSearchParams, name: string): ReadonlyArray<string> =>
  query.getAll(name).flatMap((text) => text.split(",").filter((each) => each !== ""))

const isSeverity = (name: string): name is Severity => severities.some((severity) => severity === name)

/** The floors that a query asks for: `?floor=5000` for all, `?floor=xai:5000` for one. */
const floorsIn = (query: URLSearchParams, names: ReadonlyArray<string>): Readonly<Record<string, number>> | undefined => {
  const floors: Record<string, number> = {}
  for (const text of query.getAll("floor")) {
    const [, name, millis = ""] = /^(?:([^:]+):)?(\d+)$/.exec(text) ?? []
    const whose = names.filter((each) => name === undefined || name === each)
    if (millis === "" || whose.length === 0) return undefined
    for (const provider of whose) floors[provider] = Number(millis)
  }
  return floors
}

/** The options of a query: `?over=false&floor=xai:5000&allow=after-end&expect=lost,unused&failOn=money&copies=2`. */
export const fromQuery = (query: URLSearchParams, providers: ReadonlyArray<Provider>): Options | { readonly problem: string } => {
  const over = query.get("over") ?? "true"
  const floors = floorsIn(query, [...new Set(providers.map(calledOf))])
  const copies = query.get("copies")
  const named = { allow: namesIn(query, "allow"), expect: namesIn(query, "expect"), failOn: namesIn(query, "failOn") }
  const problem =
    stranger("part of the query here", query.keys(), fields) ??
    stranger("law", [...named.allow, ...named.expect], lawNames) ??
    stranger("severity", named.failOn, severities)
  if (problem !== undefined) return { problem }
  if (over !== "true" && over !== "false") return { problem: "over must be true or false" }
  if (floors === undefined)
    return { problem: "floor must be a number of milliseconds, or a provider and one, as floor=5000 or floor=xai:5000" }
  const options: Options = {
    floors,
    isOver: over === "true",
    allow: named.allow.filter(isLaw),
    expect: named.expect.filter(isLaw),
    ...(query.has("failOn") ? { failOn: named.failOn.filter(isSeverity) } : {}),
    ...(copies === null ? {} : { copies: Number(copies) })
  }
  const refused = refuse(options)
  return refused === undefined ? options : { problem: refused }
}

/** The same as a query, without what is as usual: "" or `?…`. */
export const toQuery = ({ allow = [], copies, expect = [], failOn, floors = {}, isOver = true }: Options): string => {
  const query = new URLSearchParams()
  if (!isOver) query.set("over", "false")
  for (const [provider, floor] of Object.entries(floors)) query.append("floor", `${provider}:${floor}`)
  for (const law of allow) query.append("allow", law)
  for (const law of expect) query.append("expect", law)
  if (failOn !== undefined) query.set("failOn", failOn.join(","))
  if (copies !== undefined) query.set("copies", String(copies))
  return query.size === 0 ? "" : `?${decodeURIComponent(query.toString())}`
}
