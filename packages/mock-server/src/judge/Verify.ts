/**
 * Compares a live endpoint with the contract that the mock keeps, by probes that can't bill; and, if it is asked to, by one job that does.
 *
 * What can't bill: polls of a job that does not exist, and submissions that name no prompt, with a key that nobody has. A submission with the
 * real key is sent only with `withKey`, and then without a prompt, which every provider's document requires. Nothing is sent twice.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { isRecord } from "../base/Rules.ts"
import { type Form, jsonSchema, type Reply, type Replies } from "../provider/Contract.ts"
import type { Provider } from "../provider/Provider.ts"
import { type Contracted, contracted, examplesOf, examplesOutside, type Operation, operationsOf } from "../serve/openapi/OpenApi.ts"
import { usualPrice } from "./Ledger.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Whose contract; it has to have one. */
  readonly provider: Provider
  /** As a client has it, below which the provider's paths are. */
  readonly baseUrl: string
  /** Polls of a job that does not exist are sent with it, too. They bill nothing. */
  readonly apiKey?: Redacted.Redacted
  /** Submissions without a prompt are sent with the key, too. */
  readonly withKey?: boolean
  /** Dollars that one job may cost. Default: none, and no job is made. See `costOf`. */
  readonly budget?: number
  /** Default: the global one. */
  readonly fetch?: typeof globalThis.fetch
  /** Of one request: milliseconds. Default: 30,000. */
  readonly timeout?: number
  /** Between two polls of the job that is paid for: milliseconds. Default: 5,000. */
  readonly pace?: number
  /** After which that job is given up: milliseconds. Default: 900,000. */
  readonly deadline?: number
}

/**
 * `same`: as the contract has it. `differs`: drift. `not comparable`: no answer came, or not one of the provider's.
 *
 * @category models
 * @since 0.1.0
 */
export interface Probed {
  readonly probe: string
  readonly request: string
  readonly expected: string
  /** How sure the expectation is: `documented`, `observed`, `assumed`; of status and body if they differ. */
  readonly evidence: string
  readonly got: string
  readonly verdict: "same" | "differs" | "not comparable"
  /** What differs, or why nothing can be said; of `same`, what came besides. */
  readonly what: string
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Report {
  /** The provider's name. */
  readonly provider: string
  readonly baseUrl: string
  readonly probes: ReadonlyArray<Probed>
  readonly hasDrift: boolean
  /** Not one probe could be compared: nothing is known of the endpoint. */
  readonly isBlind: boolean
}

/**
 * Why nothing was sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class Refused extends Data.TaggedError("Refused")<{ readonly message: string }> {}

/** Nobody has it, and the mock refuses it. */
const badKey = "bad-reelay-verify-0000000000000000"

const strangerId = "00000000-0000-4000-8000-000000000000"

const maxBytes = 1024 * 1024

interface Probe {
  readonly name: string
  readonly method: string
  readonly path: string
  readonly key: "none" | "bad" | "real"
  readonly body?: string
  /** What the contract has for it: one status, or any of an operation's. */
  readonly replies: Replies
  readonly evidence: string
}

interface Got {
  readonly status: number
  readonly type: string
  readonly text: string
}

/** How sure it is that an answer comes as the first of its examples shows it. */
const evidenceOf = (examples: ReturnType<typeof examplesOf>): string => {
  const [first] = examples
  if (first === undefined) return "assumed"
  const { body, shape = body, status } = first[1].evidence
  return status === shape ? shape : `status ${status}, body ${shape}`
}

const only = (replies: Replies, status: number): Replies => {
  const reply = replies[status]
  return reply === undefined ? {} : { [status]: reply }
}

/** The replies that say yes. */
const good = (replies: Replies): Replies =>
  Object.fromEntries(Object.entries(replies).filter(([status]) => Number(status) >= 200 && Number(status) < 300))

/** The probes that can't bill, in the order in which they are sent: with a bad key first. */
const probesOf = ({ apiKey, withKey = false }: Options, whose: Contracted): ReadonlyArray<Probe> => {
  const { contract, provider } = whose
  const { content, id, refuse } = provider
  const operations = operationsOf(whose)
  const at = ({ path }: Operation): string => path.replace(/\{\w+\}/, id(strangerId))
  const make = (operation: Operation, status: number, name: string, key: Probe["key"], body?: string): Probe => ({
    name: `${operation.id}: ${name}`,
    method: operation.method,
    path: at(operation),
    key,
    ...(body === undefined ? {} : { body }),
    replies: only(operation.replies, status),
    evidence: evidenceOf(examplesOf(provider, operation, status))
  })
  const asks = operations.filter(({ submit }) => submit === undefined)
  const posts = operations.filter(({ submit }) => submit !== undefined)
  const { outside } = contract
  const [query] = asks
  const astray = (name: string, method: string, path: string, status: number): Probe => ({
    name,
    method,
    path,
    key: "bad",
    replies: only(outside, status),
    evidence: evidenceOf(examplesOutside(provider, status))
  })
  const unknown = (operation: Operation): number =>
    operation.id === "content" ? (content?.unknown.status ?? 404) : refuse("UnknownJob", "").status
  return [
    ...asks.flatMap((operation) => [make(operation, 401, "bad key", "bad"), make(operation, 401, "no key", "none")]),
    ...posts.flatMap((operation) => [make(operation, 401, "bad key", "bad", "{}"), make(operation, 401, "no key", "none", "{}")]),
    astray("unknown path", "GET", "/reelay-verify/nowhere", 404),
    ...(query === undefined ? [] : [astray("wrong method", "PUT", at(query), 405)]),
    ...(apiKey === undefined ? [] : asks.map((operation) => make(operation, unknown(operation), "unknown id", "real"))),
    ...(apiKey === undefined || !withKey
      ? []
      : posts.flatMap((operation) => [
          make(operation, 400, "no prompt", "real", "{}"),
          make(operation, 400, "an array", "real", "[]"),
          make(operation, 400, "no JSON", "real", '{"prompt"')
        ]))
  ]
}

/** Up to a megabyte of a body. */
const read = async (response: Response): Promise<string> => {
  const decoder = new TextDecoder()
  let text = ""
  let size = 0
  if (response.body === null) return text
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true })
    if ((size += chunk.byteLength) > maxBytes) break
  }
  return text
}

/** Sends one request. It follows no redirect: a key goes nowhere else. */
const send = (options: Options, { body, key, method, path }: Omit<Probe, "name" | "replies" | "evidence">): Effect.Effect<Got, string> => {
  const { apiKey, baseUrl, fetch = globalThis.fetch, timeout = 30_000 } = options
  const bearer = key === "real" && apiKey !== undefined ? Redacted.value(apiKey) : badKey
  const headers = {
    ...(key === "none" ? {} : { authorization: `Bearer ${bearer}` }),
    ...(body === undefined ? {} : { "content-type": "application/json" })
  }
  return Effect.tryPromise({
    try: async (signal) => {
      const init = { method, headers, redirect: "manual", signal, ...(body === undefined ? {} : { body }) } as const
      const response = await fetch(baseUrl.replace(/\/+$/, "") + path, init)
      return { status: response.status, type: response.headers.get("content-type") ?? "", text: await read(response) }
    },
    catch: (cause) => {
      const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : ""
      return `no answer: ${inner === "" ? String(cause) : inner}`
    }
  }).pipe(Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.fail(`no answer in ${timeout / 1000} s`) }))
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const oneLine = (text: string): string => {
  const line = text.replaceAll(/\s+/g, " ").trim()
  return line.length > 300 ? `${line.slice(0, 300)}…` : line
}

/** What is wrong with a body; and what is in it besides, which is no drift. */
const judgeForm = (form: Form, body: unknown): { readonly wrong?: string; readonly besides?: string } => {
  const decode = Schema.decodeUnknownResult(form)
  const strict = decode(body, { errors: "all", onExcessProperty: "error" })
  if (strict._tag === "Success") return {}
  const told = oneLine(strict.failure.message).replaceAll("Expected no excess property at", "Unknown field at")
  return decode(body)._tag === "Success" ? { besides: told } : { wrong: told }
}

const judgeBody = (reply: Reply, { text, type }: Got): { readonly wrong?: string; readonly besides?: string } => {
  if (reply.form === undefined)
    return type.startsWith(reply.media ?? "") ? {} : { wrong: `${type === "" ? "nothing" : type} instead of ${reply.media}` }
  if (text === "") return reply.mayBeEmpty === true ? {} : { wrong: "the body is empty" }
  const body = parse(text)
  return body === undefined
    ? { wrong: `no JSON, but ${type === "" ? "no content type" : type}: ${oneLine(text).slice(0, 60)}` }
    : judgeForm(reply.form, body)
}

/** What somebody says who is not the provider, or not now. */
const isElsewhere = ({ status, text }: Got): boolean =>
  status === 429 || status === 504 || (status >= 500 && (text === "" || /^\s*</.test(text)))

const compare = (replies: Replies, got: Got): Pick<Probed, "verdict" | "what"> => {
  const reply = replies[got.status]
  if (reply !== undefined) {
    const { besides, wrong } = judgeBody(reply, got)
    if (wrong !== undefined) return { verdict: "differs", what: wrong }
    return { verdict: "same", what: besides === undefined ? "" : `besides: ${besides}` }
  }
  if (isElsewhere(got)) {
    const why = got.status === 429 ? "too many requests, ask again later" : "a proxy answered, not the provider"
    return { verdict: "not comparable", what: why }
  }
  const [status] = Object.keys(replies)
  const [expected] = Object.values(replies)
  const { wrong } = expected === undefined ? {} : judgeBody(expected, got)
  return { verdict: "differs", what: `status ${got.status}, not ${status ?? "known"}${wrong === undefined ? "" : `; ${wrong}`}` }
}

/** The names of the forms that an answer may have. */
const formsOf = ({ form, media = "" }: Reply): string => {
  if (form === undefined) return media
  const { schema } = jsonSchema(form)
  const names = Array.from(JSON.stringify(schema).matchAll(/"#\/\$defs\/(\w+)"/g), ([, name]) => name)
  return [...new Set(names)].join(" or ")
}

const expectedOf = (replies: Replies): string =>
  Object.entries(replies)
    .map(([status, reply]) => `${status} ${formsOf(reply)}`)
    .join(", ")

const requestOf = ({ method, path }: Pick<Probe, "method" | "path">): string => `${method} ${path}`

/** Makes one probe. An answer that says "done" to what nobody may ask is drift, whatever it holds. */
const probe = (options: Options, one: Probe): Effect.Effect<Probed> =>
  send(options, one).pipe(
    Effect.match({
      onFailure: (why) => ({ got: "", verdict: "not comparable" as const, what: why }),
      onSuccess: (got) => {
        const { what, ...verdict } = compare(one.replies, got)
        const isMade = one.method === "POST" && got.status < 300
        return {
          got: String(got.status),
          ...verdict,
          what: isMade ? `it was accepted: a job may have been made, and billed (${what}): ${oneLine(got.text).slice(0, 120)}` : what
        }
      }
    }),
    Effect.map((verdict) => ({
      probe: one.name,
      request: requestOf(one),
      expected: expectedOf(one.replies),
      evidence: one.evidence,
      ...verdict
    }))
  )

const isAccepted = ({ got, request }: Probed): boolean => request.startsWith("POST") && got.startsWith("2")

/** Makes them one after the other; after one that made a job, no submission is sent any more. */
const probeAll = Effect.fnUntraced(function* (options: Options, whose: Contracted) {
  const all: Array<Probed> = []
  for (const one of probesOf(options, whose)) {
    if (one.method === "POST" && all.some(isAccepted)) continue
    all.push(yield* probe(options, one))
  }
  return all
})

/** The status words of a payload: of the answer inside, of the wrapper, of the whole. */
const wordsOf = (body: unknown): ReadonlyArray<unknown> => {
  if (!isRecord(body)) return []
  return [body["status"], ...wordsOf(body["data"])]
}

/**
 * What the job of a paid probe costs, in dollars: the shortest one, at the ledger's prices.
 *
 * @category getters
 * @since 0.1.0
 */
export const costOf = (provider: Provider): number => {
  const [submit] = provider.submits
  const seconds = submit?.read(submit.example).seconds ?? 0
  return Math.round(seconds * (provider.price ?? usualPrice) * 10_000) / 10_000
}

/** One job from its submission to its end, judged at each answer. It is submitted once, whatever happens. */
const pay = Effect.fnUntraced(function* (options: Options, whose: Contracted) {
  const { deadline = 900_000, pace = 5000, provider } = options
  const { ends, id } = whose.contract
  const operations = operationsOf(whose)
  const submit = operations.find((operation) => operation.submit !== undefined)
  const query = operations.find((operation) => operation.id === "query")
  if (submit === undefined || query === undefined) return []
  const path = submit.path
  const first = { name: "paid: submit", method: "POST", path, key: "real", body: JSON.stringify(submit.example) } as const
  const accepted = good(submit.replies)
  const about = (operation: Operation, replies: Replies) => ({
    expected: expectedOf(replies),
    evidence: evidenceOf(Object.keys(good(replies)).flatMap((status) => examplesOf(provider, operation, Number(status))))
  })
  const got = yield* Effect.result(send(options, first))
  const head = { probe: first.name, request: requestOf(first), ...about(submit, accepted) }
  if (got._tag === "Failure") {
    const what = `${got.failure}; the job may have been made, and is not submitted again`
    return [{ ...head, got: "", verdict: "not comparable", what }] satisfies ReadonlyArray<Probed>
  }
  const submitted: Probed = { ...head, got: String(got.success.status), ...compare(accepted, got.success) }
  const body = parse(got.success.text)
  const jobId = isRecord(body) ? body[id.inAnswer] : undefined
  if (got.success.status >= 300 || typeof jobId !== "string") return [submitted]
  const poll = { method: "GET", path: query.path.replace(/\{\w+\}/, encodeURIComponent(jobId)), key: "real" } as const
  const expected = `any of ${Object.keys(query.replies).join(", ")}`
  const tail = { probe: "paid: until its end", request: requestOf(poll), ...about(query, query.replies), expected }
  const wrongs = new Set<string>()
  const statuses = new Set<number>()
  let polls = 0
  for (let waited = 0; waited < deadline; waited += pace) {
    yield* Effect.sleep(pace)
    const seen = yield* Effect.result(send(options, poll))
    polls += 1
    if (seen._tag === "Failure") continue
    const { status, text } = seen.success
    statuses.add(status)
    const { verdict, what } = compare(query.replies, seen.success)
    if (verdict === "differs") wrongs.add(what)
    const hasEnded = wordsOf(parse(text)).some((word) => typeof word === "string" && ends.includes(word))
    if (!hasEnded && (status < 300 || status === 404 || status === 429 || status >= 500)) continue
    const seenAll = `${[...statuses].join(", ")} in ${polls} polls`
    return [
      submitted,
      { ...tail, got: seenAll, verdict: wrongs.size === 0 ? "same" : "differs", what: [...wrongs].join("; ") }
    ] satisfies ReadonlyArray<Probed>
  }
  const what = [`not ended after ${deadline / 1000} s: it may still run, and be billed`, ...wrongs].join("; ")
  const given: Probed = { ...tail, got: `${polls} polls`, verdict: wrongs.size === 0 ? "not comparable" : "differs", what }
  return [submitted, given]
})

const isLocal = ({ hostname }: URL): boolean => hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname)

/** Why nothing may be sent; `undefined` if nothing stands against it. */
const refusal = ({ apiKey, baseUrl, budget, provider, withKey }: Options): string | undefined => {
  const url = URL.parse(baseUrl)
  if (url === null || !/^https?:$/.test(url.protocol))
    return `The base URL must be an http or https URL, as ${provider.vendor?.baseUrl ?? "https://api.example.com"}.`
  if (url.username !== "" || url.password !== "" || url.search !== "") return "The base URL must have no user, password or query."
  if (apiKey !== undefined && url.protocol === "http:" && !isLocal(url)) return "The key would travel in the clear: use an https URL."
  if (apiKey === undefined && (withKey === true || budget !== undefined)) return "That needs a key."
  if (budget === undefined) return undefined
  const cost = costOf(provider)
  // Not "above": a budget that is no number allows nothing.
  return !(cost <= budget)
    ? `The shortest job costs about $${cost.toFixed(2)}, more than the budget of $${budget.toFixed(2)}. Nothing was sent.`
    : undefined
}

/** Leaves the key out of what came back. */
const hushed = (text: string, { apiKey }: Options): string =>
  apiKey === undefined || Redacted.value(apiKey) === "" ? text : text.replaceAll(Redacted.value(apiKey), "<key>")

/**
 * Makes the probes, and reports. It fails only if nothing may be sent: a bad base URL, a key that would travel in the clear, a job that costs
 * more than the budget.
 *
 * **Example** (The mock against its own contract)
 *
 * ```ts
 * import { Mock } from "@reelay/mock-server"
 * import { builtIn } from "@reelay/mock-server/providers"
 * import * as Verify from "@reelay/mock-server/Verify"
 * import * as Effect from "effect/Effect"
 *
 * const fetch = Mock.fetchOf(Mock.make({ now: () => 0 }))
 * const report = await Effect.runPromise(Verify.run({ provider: builtIn.xai, baseUrl: "http://127.0.0.1/xai", fetch }))
 * console.log(report.hasDrift) // false
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const run = Effect.fn("reelay.verify")(function* (options: Options): Effect.fn.Return<Report, Refused> {
  const against = refusal(options)
  if (against !== undefined) return yield* new Refused({ message: against })
  const whose = yield* Effect.promise(() => contracted(options.provider))
  if (whose === undefined) return yield* new Refused({ message: `${options.provider.name} has no contract: there is nothing to compare.` })
  const free = yield* probeAll(options, whose)
  const paid = options.budget === undefined || free.some(isAccepted) ? [] : yield* pay(options, whose)
  const probes: ReadonlyArray<Probed> = [...free, ...paid].map((each) => Object.assign(each, { what: hushed(each.what, options) }))
  return {
    provider: options.provider.name,
    baseUrl: options.baseUrl,
    probes,
    hasDrift: probes.some(({ verdict }) => verdict === "differs"),
    isBlind: probes.every(({ verdict }) => verdict === "not comparable")
  }
})

/** Whether a difference is only one from what the mock assumes. */
const isGuess = ({ evidence, what }: Probed): boolean =>
  evidence === "assumed" || (evidence.startsWith("status assumed") && what.startsWith("status "))

/**
 * A report as a table, and a line that counts.
 *
 * @category formatting
 * @since 0.1.0
 */
export const toText = ({ baseUrl, probes, provider }: Report): string => {
  const rows = probes.map(({ evidence, expected, got, probe: name, verdict, what }) => [
    name,
    `${expected} (${evidence})`,
    got === "" ? "-" : got,
    what === "" ? verdict : `${verdict}: ${what}`
  ])
  const all = [["Probe", "Expected", "Got", "Verdict"], ...rows]
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)))
  const lines = all.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd()
  )
  const drifted = probes.filter(({ verdict }) => verdict === "differs")
  const guessed = drifted.filter(isGuess).length
  const silent = probes.filter(({ verdict }) => verdict === "not comparable").length
  const count = [
    `${probes.length} probes`,
    silent === probes.length
      ? "nothing could be compared"
      : drifted.length === 0
        ? "no drift"
        : `${drifted.length} differ${guessed === 0 ? "" : `, ${guessed} of them from what the mock assumes`}`,
    ...(silent === 0 || silent === probes.length ? [] : [`${silent} not comparable`])
  ]
  return `${provider} at ${baseUrl}\n\n${lines.join("\n")}\n\n${count.join(", ")}.`
}
