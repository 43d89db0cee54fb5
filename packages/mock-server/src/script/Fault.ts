/**
 * What can go wrong around a job, as a catalogue: every fault has a name, a source, and a test that it can be seen.
 *
 * The first part is a grid: each endpoint, each point of a request's way at which it can break, each way in which it can. A submission that
 * breaks before it is accepted may be repeated; one that breaks after that may not, and a client can't tell the two apart by what it sees. The
 * second part is what providers do.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { Means, Point } from "../answer/delivery.ts"
import type { Recorded } from "../answer/Recorded.ts"

/**
 * Whose requests a fault is about.
 *
 * @category models
 * @since 0.1.0
 */
export type Endpoint = "submit" | "poll" | "content" | "file"

/** @category models */
export type { Means, Point }

/** @category models */
export interface Cell {
  readonly endpoint: Endpoint
  readonly point: Point
  readonly means: Means
}

/**
 * What a host must be able to do. `every`: a Response is enough. `web`: a Response whose body can break, and a promise that can stay open.
 * `socket`: a connection of its own.
 *
 * @category models
 * @since 0.1.0
 */
export type Needs = "every" | "web" | "socket"

/** @category models */
export interface Kind {
  readonly name: string
  readonly endpoint: Endpoint
  /** What is seen, in one line. */
  readonly what: string
  readonly evidence: "documented" | "observed" | "assumed"
  /** Where it is documented or was seen, as a URL; or in words what was assumed. */
  readonly source: string
  readonly needs: Needs
  /** Which requests it is about if a script does not say: so many of the first ones, or each so-many-th. */
  readonly usual: Requests
  /** The names of the providers whose answers can show it. Default: every provider's. */
  readonly only?: ReadonlyArray<string>
  readonly cell?: Cell
}

const Count = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 }))
const Requests = Schema.Union([
  Schema.Struct({ first: Count }),
  Schema.Struct({ every: Count }),
  Schema.Struct({ after: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 })) })
])
/**
 * Which of an endpoint's requests about one job: the first so many, each so-many-th, or all but the first so many.
 *
 * @category models
 * @since 0.1.0
 */
export type Requests = typeof Requests.Type

/**
 * Schema for a fault of a script: its name, and how it differs from the usual.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Fault = Schema.Struct({
  name: Schema.String,
  requests: Schema.optionalKey(Requests),
  /** Where `body` breaks: after so many bytes. Default: in the middle. */
  byte: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000_000 }))),
  /** What a 429 asks for: seconds. Default: 1. */
  retryAfter: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 86_400 })))
})
/** @category models */
export type Fault = typeof Fault.Type

const endpoints: ReadonlyArray<Endpoint> = ["submit", "poll", "content", "file"]

/** A status line can't be taken back: once the head is under way, what is left is to break off. */
const means: Readonly<Record<Point, ReadonlyArray<Means>>> = {
  unreceived: ["drop", "reset", "stall", "5xx", "html"],
  unaccepted: ["drop", "reset", "stall", "5xx", "html"],
  accepted: ["drop", "reset", "stall", "5xx", "html"],
  headers: ["drop", "reset", "stall"],
  body: ["drop", "reset", "stall"],
  // An answer that is whole and then stalls is nothing that anybody can see.
  answered: ["drop", "reset"]
}

const where: Readonly<Record<Point, string>> = {
  unreceived: "before the API has the request",
  unaccepted: "when the API has the request, and has done nothing",
  accepted: "when all is done, before the answer",
  headers: "in the head of the answer",
  body: "in the body of the answer",
  answered: "after the answer"
}
const how: Readonly<Record<Means, string>> = {
  drop: "The connection is closed",
  reset: "The connection is reset",
  stall: "Nothing more comes",
  "5xx": "A proxy answers 502",
  html: "A page comes with HTTP 200"
}

const needsOf = (point: Point, by: Means): Needs => {
  if (by === "5xx" || by === "html") return "every"
  return by === "reset" || point === "headers" || point === "answered" ? "socket" : "web"
}

/** What was seen of such things in the wild. */
const seen = ({ endpoint, means: by, point }: Cell): Pick<Kind, "evidence" | "source"> => {
  if (endpoint === "submit" && point === "accepted")
    return { evidence: "observed", source: "https://github.com/Comfy-Org/ComfyUI/pull/16204" }
  if (endpoint === "poll" && by === "html") return { evidence: "observed", source: "https://github.com/lidge-jun/opencodex/issues/645" }
  if (endpoint === "poll") return { evidence: "observed", source: "https://github.com/vikasprogrammer/agentric/pull/270" }
  return { evidence: "assumed", source: "any network does it" }
}

const usualOf = (endpoint: Endpoint): Requests => ({ first: endpoint === "poll" ? 2 : 1 })

const kindFor = (cell: Cell): Kind => {
  const { endpoint, means: by, point } = cell
  return {
    name: `${endpoint}-${point}-${by}`,
    endpoint,
    what: `${how[by]} ${where[point]}.`,
    ...seen(cell),
    needs: needsOf(point, by),
    usual: usualOf(endpoint),
    cell
  }
}

const grid: ReadonlyArray<Kind> = endpoints.flatMap((endpoint) =>
  (["unreceived", "unaccepted", "accepted", "headers", "body", "answered"] as const).flatMap((point) =>
    means[point].map((by) => kindFor({ endpoint, point, means: by }))
  )
)

const behaviour = (
  name: string,
  endpoint: Endpoint,
  what: string,
  source: string,
  more: Partial<Pick<Kind, "evidence" | "needs" | "usual">> = {}
): Kind => ({ name, endpoint, what, evidence: "observed", source, needs: "every", usual: usualOf(endpoint), ...more })

const always: Requests = { after: 0 }
const newApi = "https://github.com/QuantumNous/new-api/pull/5927"

const behaviours: ReadonlyArray<Kind> = [
  behaviour("rate-limited", "poll", "429 with Retry-After in seconds.", "https://apidoc.cometapi.com/errors/error-codes-handling", {
    evidence: "documented"
  }),
  behaviour("rate-limited-date", "poll", "429 with Retry-After as a date.", "https://www.rfc-editor.org/rfc/rfc9110#field.retry-after", {
    evidence: "documented"
  }),
  behaviour(
    "rate-limited-silent",
    "poll",
    "429 with an empty body and no Retry-After, as new-api's limiter by address.",
    "https://github.com/QuantumNous/new-api/blob/main/middleware/rate-limit.go"
  ),
  behaviour(
    "submit-rate-limited",
    "submit",
    "429 with Retry-After in seconds: nothing was made.",
    "https://apidoc.cometapi.com/errors/error-codes-handling",
    {
      evidence: "documented"
    }
  ),
  behaviour("flaky", "poll", "Every second poll is a 503 with an HTML body.", "https://github.com/vikasprogrammer/agentric/pull/270", {
    usual: { every: 2 }
  }),
  behaviour(
    "query-failed",
    "poll",
    "HTTP 200 with the wrapper code fail_to_fetch_task.",
    "https://apidoc.cometapi.com/api/video/xai/get-video-generation-results",
    { evidence: "documented" }
  ),
  behaviour("unknown-status", "poll", 'While it runs, the status is a word of no document, "warming_up".', newApi, { usual: always }),
  behaviour("foreign-words", "poll", "The status is another provider's word for the same thing.", newApi, { usual: always }),
  behaviour("no-status", "poll", "The status is missing.", newApi, { usual: { first: 1 } }),
  behaviour(
    "not-found-first",
    "poll",
    "Unknown for the first fifth of its time, as where a replica lags.",
    "https://github.com/ddcat-ai/open-ai-canvas/pull/492",
    {
      usual: always
    }
  ),
  behaviour(
    "goes-back",
    "poll",
    "After its end: running again, then unknown, then ended for good.",
    "https://github.com/ddcat-ai/open-ai-canvas/pull/492",
    {
      evidence: "assumed",
      usual: always
    }
  ),
  behaviour(
    "url-expired",
    "file",
    "The URL has expired, 403; the next answer to a poll has a fresh one.",
    "https://github.com/xai-org/xai-sdk-python/blob/main/src/xai_sdk/sync/video.py",
    {
      usual: { first: 1 }
    }
  ),
  behaviour("url-expired-404", "file", "As url-expired, with 404.", "https://github.com/localstack/localstack/issues/2493", {
    usual: { first: 1 }
  }),
  behaviour("url-expired-410", "file", "As url-expired, with 410.", "https://github.com/localstack/localstack/issues/2493", {
    evidence: "assumed",
    usual: { first: 1 }
  }),
  behaviour(
    "url-needs-key",
    "file",
    "The file is at the API's own host, and 401 without the key.",
    "https://github.com/chenyme/grok2api/issues/884",
    { usual: always }
  ),
  behaviour(
    "url-refuses-key",
    "file",
    "400 to whoever brings a key: a signed URL takes no other proof.",
    "https://github.com/Wei-Shaw/sub2api/issues/5678",
    { usual: always }
  ),
  behaviour("redirected", "file", "Three redirects lead to the file.", "https://github.com/QuantumNous/new-api/issues/2860", {
    evidence: "assumed",
    usual: always
  }),
  behaviour("redirect-loop", "file", "Redirects that lead back to where they began.", "any network does it", {
    evidence: "assumed",
    usual: always
  }),
  behaviour("wrong-length", "file", "Content-Length says a kilobyte more than comes.", "any network does it", {
    evidence: "assumed",
    needs: "socket"
  }),
  behaviour("truncated", "file", "Half of the file, as if that were all.", "any network does it", { evidence: "assumed" }),
  behaviour("corrupted", "file", "One byte in a hundred is another.", "any network does it", { evidence: "assumed" }),
  behaviour("json-instead", "file", "HTTP 200 with an error in JSON.", "https://github.com/chenyme/grok2api/issues/309")
]

/** The faults that no provider has to bring. */
const common: ReadonlyMap<string, Kind> = new Map([...behaviours, ...grid].map((kind) => [kind.name, kind]))

/** An error body of a provider's, in the place of an answer. */
const anError = /^(submit|poll)-(error\..+)$/

/** The name of the fixture that a fault such as `poll-error.rate-limited` shows; `undefined` if it shows none. */
export const fixtureOf = (fault: string): string | undefined => anError.exec(fault)?.[2]

const errorKind = (
  endpoint: "submit" | "poll",
  name: string,
  { only, ...more }: Pick<Kind, "what" | "evidence" | "source" | "only">
): Kind => ({
  name: `${endpoint}-${name}`,
  endpoint,
  ...more,
  needs: "every",
  usual: usualOf(endpoint),
  ...(only === undefined ? {} : { only })
})

/**
 * What a fault of that name is, whoever shows it: of `poll-error.<name>`, what it is at a provider that has such an error body.
 *
 * @category getters
 * @since 0.1.0
 */
export const kindOf = (name: string): Kind | undefined => {
  const [, endpoint, fixture = ""] = anError.exec(name) ?? []
  if (endpoint !== "submit" && endpoint !== "poll") return common.get(name)
  return errorKind(endpoint, fixture, {
    what: "The provider's own error body, though nothing is wrong.",
    evidence: "assumed",
    source: "its fixtures"
  })
}

/**
 * The faults that there are, and what each is.
 *
 * @category models
 * @since 0.1.0
 */
export interface Catalogue {
  readonly kinds: ReadonlyArray<Kind>
  readonly kindOf: (name: string) => Kind | undefined
}

/**
 * Whatever the providers: what a catalogue is if nobody says of which they are.
 *
 * @category constants
 * @since 0.1.0
 */
export const anyProvider: Catalogue = { kinds: [...common.values()], kindOf }

/**
 * As much of a provider as its faults depend on.
 *
 * @category models
 * @since 0.1.0
 */
export interface Shown {
  readonly name: string
  readonly gateway?: { readonly surface?: string }
  readonly content?: unknown
  readonly queryFailed?: unknown
  readonly fixtures?: Readonly<Record<string, Recorded>>
}

/** Each error body that fixtures hold. */
const errorsOf = (shown: ReadonlyArray<Shown>): ReadonlyArray<Kind> => {
  const all = shown.flatMap(({ fixtures = {}, name: provider }) =>
    Object.entries(fixtures).flatMap(([name, fixture]) => (name.startsWith("error.") ? [{ provider, name, fixture }] : []))
  )
  return (["submit", "poll"] as const).flatMap((endpoint) =>
    [...new Set(all.map(({ name }) => name))].map((name): Kind => {
      const holders = all.filter((each) => each.name === name)
      const statuses = [...new Set(holders.map(({ fixture }) => fixture.status))].join(" or ")
      return errorKind(endpoint, name, {
        what: `The provider's own error body, HTTP ${statuses}, though nothing is wrong.`,
        evidence: holders.every(({ fixture }) => (fixture.evidence.shape ?? fixture.evidence.body) === "documented")
          ? "documented"
          : "observed",
        source: [...new Set(holders.map(({ fixture }) => fixture.source.url))].join(", "),
        only: holders.map(({ provider }) => provider)
      })
    })
  )
}

/** A kind with those who can show it; none if nobody can. */
const kindsLike = (shown: ReadonlyArray<Shown>, kind: Kind): ReadonlyArray<Kind> => {
  const needed = kind.endpoint === "content" ? "content" : kind.name === "query-failed" ? "queryFailed" : undefined
  if (needed === undefined) return [kind]
  const only = shown.flatMap((each) => (each[needed] === undefined ? [] : [each.name]))
  return only.length === 0 ? [] : [{ ...kind, only }]
}

/**
 * Every fault that these providers can show.
 *
 * @category constructors
 * @since 0.1.0
 */
export const catalogueOf = (providers: ReadonlyArray<Shown>): Catalogue => {
  // A gateway shows what the provider does whose surface it has.
  const named = providers.map((each) => ({ ...each, name: each.gateway?.surface ?? each.name }))
  const shown = named.filter(({ name }, index) => named.findIndex((each) => each.name === name) === index)
  const known = (all: ReadonlyArray<Kind>): ReadonlyArray<Kind> => all.flatMap((kind) => kindsLike(shown, kind))
  const kinds = [...known(behaviours), ...errorsOf(shown), ...known(grid)]
  const byName = new Map(kinds.map((kind) => [kind.name, kind]))
  return { kinds, kindOf: (name) => byName.get(name) }
}

const decode = Schema.decodeUnknownResult(Schema.Array(Schema.Union([Schema.String, Fault])), { onExcessProperty: "error" })

/**
 * What a script can say of a fault of that name, besides the name.
 *
 * @category getters
 * @since 0.1.0
 */
export const fieldsOf = (name: string): ReadonlyArray<"requests" | "byte" | "retryAfter"> => [
  // It is about a part of the job's life, however often one asks.
  ...(name === "not-found-first" ? [] : (["requests"] as const)),
  ...(common.get(name)?.cell?.point === "body" ? (["byte"] as const) : []),
  ...(/^(?:submit-)?rate-limited(?:-date)?$/.test(name) ? (["retryAfter"] as const) : [])
]

/**
 * Reads faults from JSON: names, or objects with a name and what differs from the usual. A name that is not in the catalogue is refused, as a
 * typing error must not pass for peace. Default: any provider's.
 *
 * @category converting
 * @since 0.1.0
 */
export const fromJson = (
  json: unknown,
  catalogue: Catalogue = anyProvider
): { readonly faults: ReadonlyArray<Fault> } | { readonly problem: string } => {
  const read = decode(json)
  if (read._tag === "Failure") return { problem: `faults: ${String(read.failure)}` }
  const faults = read.success.map((fault): Fault => (typeof fault === "string" ? { name: fault } : fault))
  const unknown = faults.find(({ name }) => catalogue.kindOf(name) === undefined)
  if (unknown !== undefined) return { problem: `"${unknown.name}" isn't a fault; see GET /__mock/faults for those that there are` }
  for (const { name, ...details } of faults) {
    const known: ReadonlyArray<string> = fieldsOf(name)
    const field = Object.keys(details).find((each) => !known.includes(each))
    if (field !== undefined) return { problem: `faults: "${name}" has no ${field}` }
  }
  return { faults }
}

/**
 * Whether a fault is about the n-th of an endpoint's requests about one job, counted from 1.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isDue = ({ name, requests }: Fault, nth: number): boolean => {
  const which = requests ?? kindOf(name)?.usual ?? always
  if ("first" in which) return nth <= which.first
  return "every" in which ? nth % which.every === 0 : nth > which.after
}

const ranks: ReadonlyArray<Needs> = ["every", "web", "socket"]

/**
 * Whether a host that can do so much can show a fault.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isExpressible = ({ needs }: Pick<Kind, "needs">, host: Needs): boolean => ranks.indexOf(needs) <= ranks.indexOf(host)

/**
 * What providers do, as a table in Markdown, for the README: the grid and the error bodies are there in words.
 *
 * @category formatting
 * @since 0.1.0
 */
export const toMarkdown = (): string =>
  [
    "| Fault | Endpoint | What is seen | Evidence |",
    "| --- | --- | --- | --- |",
    ...behaviours.map(({ endpoint, evidence, name, source, what }) => {
      const cited = source.startsWith("https://") ? `[${evidence}](${source})` : evidence
      return `| \`${name}\` | ${endpoint} | ${what} | ${cited} |`
    })
  ].join("\n")
