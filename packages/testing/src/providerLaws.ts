/**
 * The laws of a provider: of its `interpret`, its `receive`, its statuses and its fixtures.
 *
 * @since 0.1.0
 */
import { Dialect, type Provider, type Reading } from "@reelay/core"
import * as fc from "fast-check"
import { mutated } from "./arbitraries/mutation.ts"
import * as Wire from "./arbitraries/wire.ts"
import { answerOf, inventedSuccess, isReading, isReceipt, wordsAt } from "./internal/answers.ts"
import { get, type Path, replaced } from "./internal/json.ts"
import * as Law from "./Law.ts"

/**
 * A documented answer: the content of a fixture's file. `request` begins with the method, or is `any` for an answer to both.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fixture {
  readonly request: string
  readonly status: number
  readonly body: unknown
}

/**
 * What the laws need to know of a provider besides its definition.
 *
 * @category models
 * @since 0.1.0
 */
export interface Subject {
  readonly fixtures: { readonly [name: string]: Fixture }
  /** The documented statuses. If the wire format has several tables, all of them. */
  readonly statuses: Dialect.Statuses
  /** Where statuses are in a payload, such as `status` or `data.status`: names joined by dots. */
  readonly status: ReadonlyArray<string>
  /** Other fields that may change the kind of a reading, such as `video.respect_moderation`. Status fields need not be named. */
  readonly deciding?: ReadonlyArray<string> | undefined
  /** Statuses without a fixture, each with the reason. An entry that is not needed breaks the law. */
  readonly unseen?: { readonly [word: string]: string } | undefined
}

/**
 * The laws that every provider must keep. Throws a TypeError if `fixtures`, `statuses` or `status` is missing.
 *
 * **Example** (The laws of a provider, in its test)
 *
 * ```ts
 * import { definition, statuses } from "@reelay/providers/xai"
 * import { fixtures } from "@reelay/providers/xai/fixtures"
 * import { Law, providerLaws } from "@reelay/testing"
 * import { describe, it } from "vitest"
 *
 * const laws = providerLaws(definition, {
 *   fixtures,
 *   statuses,
 *   status: ["status"],
 *   deciding: ["code", "type", "error", "progress", "video.respect_moderation"]
 * })
 * Law.register(laws, { describe, it }, { title: "laws of xai" })
 * ```
 *
 * @category laws
 * @since 0.1.0
 */
export const providerLaws = (
  { interpret, receive }: Pick<Provider.Definition<never>, "interpret" | "receive">,
  { deciding = [], fixtures, status, unseen = {}, statuses }: Subject
): ReadonlyArray<Law.Law> => {
  for (const [name, value] of Object.entries({ fixtures, statuses, status })) {
    if (typeof value !== "object" || value === null)
      throw new TypeError(`providerLaws: ${name} is missing; was it imported under its own name?`)
  }
  const statusPaths = status.map(pathOf)
  const decidingPaths = [...statusPaths, ...deciding.map(pathOf)]
  const all = Object.entries(fixtures).map(([name, { body, request, status: code }]) => ({ name, body, request, status: code }))
  const polls = all.filter(({ request }) => !request.startsWith("POST"))
  const submits = all.filter(({ request }) => !request.startsWith("GET"))

  const names = [...new Set([...decidingPaths.flat(), "id", "result", "constructor", "__proto__", "message"])]
  const values = fc.oneof(Wire.json, Wire.word(statuses), fc.constant("https://cdn.test/other.mp4"))
  const touches = (path: Path): boolean => decidingPaths.some((decides) => overlap(path, decides))

  const isKnown = Dialect.lookup(statuses)
  const reporting = polls.filter((fixture) => {
    const { _tag } = interpret(answerOf("poll", fixture))
    return fixture.status < 300 && moving.has(_tag) && wordsAt(fixture.body, statusPaths).length > 0
  })

  /** One of the given fixtures, and a slightly changed copy of its payload. */
  const nearly = (from: ReadonlyArray<Fixture & { readonly name: string }>, keep?: (path: Path) => boolean) =>
    from.length === 0
      ? fc.constant(undefined)
      : fc
          .constantFrom(...from)
          .chain((fixture) => mutated(fixture.body, { values, names, keep }).map(({ changes, payload }) => ({ fixture, changes, payload })))

  const readable = (given: Reading.Answer): Law.Finding | undefined => {
    const seen = interpret(given)
    return isReading(seen) ? undefined : { what: `${given.status} ${given.body} gave ${fc.stringify(seen)}` }
  }

  const honest = (given: Reading.Answer): Law.Finding | undefined => {
    const what = inventedSuccess(interpret(given), given, statusPaths, isKnown)
    return what === undefined ? undefined : { what: `${what}: HTTP ${given.status} ${given.body}` }
  }

  const receipted = (given: Reading.Answer): Law.Finding | undefined => {
    const receipt = receive(given)
    if (!isReceipt(receipt)) return { what: `${given.status} ${given.body} gave ${fc.stringify(receipt)}` }
    if (receipt._tag !== "Accepted") return undefined
    if (given.status < 200 || given.status > 299) return { what: `accepted with HTTP ${given.status}` }
    // An id may be written as a number.
    return receipt.id !== "" && given.body.includes(JSON.stringify(receipt.id).slice(1, -1))
      ? undefined
      : { what: `accepted with an id that is not in the body: ${receipt.id}` }
  }

  return [
    Law.make({
      id: "interpret/total",
      name: "any status and any text give a reading",
      given: Wire.answer("poll"),
      examine: (given) => readable(given) ?? honest(given)
    }),
    Law.make({
      id: "interpret/json",
      name: "any JSON gives a reading, in place of a payload and of any part of it",
      given: fc.tuple(
        Wire.status,
        fc.oneof(
          Wire.json,
          nearly(polls).map((near) => near?.payload)
        )
      ),
      examine: ([code, body]) => readable(answerOf("poll", { status: code, body }))
    }),
    Law.make({
      id: "interpret/deep",
      name: "no depth of nesting is too deep for interpret and receive",
      given: fc.tuple(fc.constantFrom("error", "data", "detail", "video", "output", "status"), fc.constantFrom(10, 90_000), Wire.status),
      examine: ([name, depth, code]) => {
        const body = `${`{"${name}":`.repeat(depth)}1${"}".repeat(depth)}`
        try {
          interpret({ operation: "poll", status: code, headers: {}, body })
          receive({ operation: "submit", status: code, headers: {}, body })
          return undefined
        } catch (error) {
          return { what: `${depth} times "${name}" threw ${String(error)}` }
        }
      },
      runs: 150
    }),
    Law.make({
      id: "interpret/deciding",
      name: "only the fields that a provider names as deciding change the kind",
      given: nearly(polls, touches),
      examine: (near) => {
        if (near === undefined) return undefined
        const before = interpret(answerOf("poll", near.fixture))
        const after = interpret(answerOf("poll", { ...near.fixture, body: near.payload }))
        if (before._tag === after._tag || hasLostLinks(before, after, near.payload)) return undefined
        const changed = near.changes.map(({ kind, path }) => `${kind} ${path.join(".")}`).join(", ")
        return { what: `${near.fixture.name}: ${changed} changed ${before._tag} to ${after._tag}` }
      }
    }),
    Law.make({
      id: "interpret/unrecognised",
      name: "a status outside dialect and synonyms is unrecognised",
      given: reporting.length === 0 ? fc.constant(undefined) : fc.tuple(fc.constantFrom(...reporting), Wire.word(statuses)),
      examine: (given) => {
        if (given === undefined) return undefined
        const [{ body, name, status: code }, word] = given
        if (isKnown(word) !== undefined) return undefined
        const odd = statusPaths
          .filter((path) => typeof get(body, path) === "string")
          .reduce<unknown>((payload, path) => replaced(payload, path, word), body)
        const seen = interpret(answerOf("poll", { status: code, body: odd }))
        return seen._tag === "Unrecognised" ? undefined : { what: `${name} with the status ${JSON.stringify(word)} is ${seen._tag}` }
      }
    }),
    Law.always({
      id: "interpret/fixtures",
      name: "there are statuses and fixtures, and every status has a fixture",
      examine: () => {
        // A law over no inputs holds.
        if (Object.keys(statuses).length === 0) return { what: "statuses is empty: what does the provider call its states?" }
        if (polls.length === 0) return { what: "fixtures has no answer to a poll: one whose `request` begins with GET or is any" }
        if (submits.length === 0) return { what: "fixtures has no answer to a submission: one whose `request` begins with POST or is any" }
        if (reporting.length === 0)
          return { what: `no answer to a poll has a state at ${status.join(", ") || "any path, as status names none"}` }
        const seen = new Set(polls.flatMap(({ body }) => wordsAt(body, statusPaths)).map(Dialect.normalised))
        const missing = Object.keys(statuses).filter((word) => !seen.has(Dialect.normalised(word)) && !Object.hasOwn(unseen, word))
        if (missing.length > 0) return { what: `no fixture has ${missing.join(", ")}` }
        const idle = Object.keys(unseen).filter((word) => seen.has(Dialect.normalised(word)) || !Object.hasOwn(statuses, word))
        return idle.length > 0 ? { what: `unseen is not needed for ${idle.join(", ")}` } : undefined
      }
    }),
    Law.make({
      id: "interpret/honest",
      name: "interpret never invents a success for mutated fixtures",
      given: fc.tuple(fc.oneof(fc.constant(undefined), Wire.status), nearly(polls)),
      examine: ([code, near]) =>
        near === undefined ? undefined : honest(answerOf("poll", { status: code ?? near.fixture.status, body: near.payload }))
    }),
    Law.make({
      id: "receive/total",
      name: "any status and any text give a receipt, and Accepted comes only with an id in a 2xx",
      given: Wire.answer("submit"),
      examine: receipted
    }),
    Law.make({
      id: "receive/honest",
      name: "receive never invents an id for mutated fixtures",
      given: fc.tuple(fc.oneof(fc.constant(undefined), Wire.status), nearly(submits)),
      examine: ([code, near]) =>
        near === undefined ? undefined : receipted(answerOf("submit", { status: code ?? near.fixture.status, body: near.payload }))
    })
  ]
}

/** A success whose links are gone, and which may have others that can't be read, is a failed poll rather than an empty success. */
const hasLostLinks = (before: Reading.Reading, after: Reading.Reading, payload: unknown): boolean =>
  before._tag === "Succeeded" &&
  after._tag === "Missed" &&
  after.because === "unreadable" &&
  before.artifacts.every(({ url }) => !JSON.stringify(payload).includes(JSON.stringify(url)))

const moving: ReadonlySet<string> = new Set(["Queued", "Running", "Succeeded", "Failed", "Expired", "Cancelled"])

const pathOf = (dotted: string): Path => dotted.split(".")

/** Whether one path leads through or to the other. */
const overlap = (one: Path, other: Path): boolean => one.slice(0, other.length).every((name, index) => name === other[index])
