/** What every provider's test does with its fixtures: replay them, mutate them, and check the laws of `interpret` and `receive`. */
import { describe, it } from "@effect/vitest"
import { expect } from "./expect.ts"
import type { Provider, Reading } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"

export interface Fixture {
  readonly request: string
  readonly status: number
  readonly body: unknown
}

export const answer = (status: number, body: unknown, operation: Reading.Answer["operation"] = "poll"): Reading.Answer => ({
  operation,
  status,
  headers: { "content-type": "application/json" },
  body: typeof body === "string" ? body : JSON.stringify(body)
})

const isSubmit = ({ request }: Fixture): boolean => request.startsWith("POST")
const readings = new Set([
  "Queued",
  "Running",
  "Succeeded",
  "Failed",
  "Expired",
  "Cancelled",
  "Unrecognised",
  "Missed",
  "NotFound",
  "Refused"
])
const receipts = new Set(["Accepted", "Declined", "Busy", "Unclear"])

/** Each fixture reads as expected: a poll as a reading, a POST as a receipt, an answer to any request as both. */
export const replays = (
  { interpret, receive }: Pick<Provider.Definition<never>, "interpret" | "receive">,
  fixtures: Readonly<Record<string, Fixture>>,
  expected: Readonly<
    Record<string, Reading.Reading | Reading.Receipt | { readonly reading: Reading.Reading; readonly receipt: Reading.Receipt }>
  >
) => {
  describe("fixtures", () => {
    it("none is left out", () => {
      expect(Object.keys(expected).toSorted()).toEqual(Object.keys(fixtures).toSorted())
    })

    it.each(Object.entries(fixtures))("%s reads exactly as expected", (name, fixture) => {
      const wanted = expected[name]
      const both = wanted !== undefined && "reading" in wanted ? wanted : undefined
      const reading = both?.reading ?? (isSubmit(fixture) ? undefined : wanted)
      const receipt = both?.receipt ?? (isSubmit(fixture) ? wanted : undefined)
      const given = answer(fixture.status, fixture.body)
      expect(reading === undefined ? undefined : interpret(given)).toEqual(reading)
      expect(receipt === undefined ? undefined : receive({ ...given, operation: "submit" })).toEqual(receipt)
    })
  })
}

/** A JSON value with one change: a key removed, a value replaced, or its text truncated. */
const mutated = (body: unknown): fc.Arbitrary<string> => {
  const text = JSON.stringify(body)
  const paths = pathsOf(body)
  if (paths.length === 0) return fc.jsonValue().map((value) => JSON.stringify(value))
  const path = fc.constantFrom(...paths)
  const words = fc.constantFrom<unknown>("done", "SUCCESS", "failed", "", null, 0, -1, "constructor", "https://a.b/c.mp4", [], {}, true)
  return fc.oneof(
    path.map((at) => JSON.stringify(changed(body, at, undefined))),
    fc.tuple(path, fc.oneof(fc.jsonValue(), words)).map(([at, value]) => JSON.stringify(changed(body, at, value))),
    fc.nat(text.length).map((length) => text.slice(0, length))
  )
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value)

const pathsOf = (value: unknown, above: ReadonlyArray<string> = []): ReadonlyArray<ReadonlyArray<string>> =>
  isRecord(value)
    ? Object.entries(value).flatMap(([key, inner]) =>
        [above.concat(key)].concat(pathsOf(inner, above.concat(key)).map((path) => path.slice()))
      )
    : []

const changed = (value: unknown, [key, ...rest]: ReadonlyArray<string>, to: unknown): unknown =>
  key === undefined ? to : isRecord(value) ? { ...value, [key]: changed(value[key], rest, to) } : value

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Texts and numbers only, however deep: `String({ toString: null })` throws, and a generator of JSON finds it. */
const values = (json: unknown): ReadonlyArray<string> => {
  if (typeof json === "string" || typeof json === "number") return [String(json)]
  return typeof json === "object" && json !== null ? Object.values(json).flatMap(values) : []
}

/** `decides`, written by hand from the documents, says whether a body may be a success at all. */
export const laws = (
  { interpret, receive }: Pick<Provider.Definition<never>, "interpret" | "receive">,
  fixtures: Readonly<Record<string, Fixture>>,
  decides: (json: unknown) => boolean
) => {
  const status = fc.oneof(fc.constantFrom(200, 200, 200, 201, 202, 400, 404, 500), fc.integer({ min: 0, max: 999 }))
  const body = fc.oneof(fc.string(), fc.json(), ...Object.values(fixtures).map((fixture) => mutated(fixture.body)))
  const always = (holds: (given: Reading.Answer) => void) =>
    fc.assert(
      fc.property(status, body, (code, text) => holds(answer(code, text))),
      { numRuns: 2000 }
    )

  describe("laws", () => {
    it("any status and any text give a reading and a receipt", () => {
      always((given) => {
        expect(readings.has(interpret(given)._tag)).toBe(true)
        expect(receipts.has(receive({ ...given, operation: "submit" })._tag)).toBe(true)
      })
    })

    it("no success is invented: a 2xx answer whose deciding status says so, and nothing else", () => {
      always((given) => {
        const isSuccess = interpret(given)._tag === "Succeeded"
        expect(!isSuccess || (given.status >= 200 && given.status <= 299 && decides(parsed(given.body)))).toBe(true)
      })
    })

    it("no id is accepted outside 2xx, or without a body that holds it", () => {
      always((given) => {
        const receipt = receive({ ...given, operation: "submit" })
        expect(
          receipt._tag !== "Accepted" || (given.status >= 200 && given.status <= 299 && values(parsed(given.body)).includes(receipt.id))
        ).toBe(true)
      })
    })

    it("no reading holds more than 500 characters of a body", () => {
      fc.assert(
        fc.property(status, fc.string({ minLength: 2000, maxLength: 4000 }), (code, text) => {
          for (const given of [text, JSON.stringify({ status: text, error: text, message: text, code: text })]) {
            expect(JSON.stringify(interpret(answer(code, given))).length).toBeLessThan(5000)
          }
        }),
        { numRuns: 50 }
      )
    })
  })
}

/** Whether a status means success, for a `decides`. */
export const isSuccessWord = (word: unknown): boolean =>
  typeof word === "string" && /^(completed?|succeed(ed)?|success|done|finished|ready)$/u.test(word.trim().toLowerCase())

export const field = (json: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>((from, name) => (isRecord(from) ? from[name] : undefined), json)

/** Each status of a dialect is in some fixture, or in `exempt` with the reason why not. */
export const statusesHaveFixtures = (
  words: Readonly<Record<string, string>>,
  fixtures: Readonly<Record<string, Fixture>>,
  statusOf: (body: unknown) => ReadonlyArray<unknown>,
  exempt: Readonly<Record<string, string>> = {}
) => {
  it.each(Object.keys(words))("the status %s has a fixture, or a reason why not", (word) => {
    const shown = Object.values(fixtures).some(({ body }) => statusOf(body).includes(word))
    // An exemption that is no longer needed fails too.
    expect(shown).toBe(exempt[word] === undefined)
  })
}

/** All four have a separate path for each kind of job. */
const kindOf = (path: string): Provider.SubmitCall["kind"] =>
  path.endsWith("/edits") ? "edit" : path.endsWith("/extensions") ? "extension" : "generation"

/** Each name that a job's id may have, in order of precedence, is found in an answer to a submission: T27. */
export const findsIds = ({ receive }: Pick<Provider.Definition<never>, "receive">, ...names: ReadonlyArray<string>) => {
  it.each(names)("T27: an id is found under %s, before the names of lower precedence", (name) => {
    // Made up: no gateway was seen to send several of these names at once.
    const body = Object.fromEntries(names.slice(names.indexOf(name)).map((each) => [each, `its-${each}`]))
    expect(receive(answer(200, body, "submit"))).toEqual({ _tag: "Accepted", id: `its-${name}` })
  })
}

/** A request is sent exactly as given here, or refused with its field named. */
export const writes = <Request>(
  { submission }: Provider.Definition<Request>,
  cases: ReadonlyArray<readonly [what: string, request: Request, path: string, body: unknown]>,
  refused: ReadonlyArray<readonly [request: Request, field: string, rule: string | RegExp]>
) => {
  describe("requests", () => {
    it.effect.each(cases)("%s", ([, request, path, body]) =>
      Effect.gen(function* () {
        const { call, kind } = yield* submission(request)
        expect({ kind, method: call.method, path: call.path }).toEqual({ kind: kindOf(path), method: "POST", path })
        expect(call.body?._tag === "Json" ? call.body.value : call.body?.parts).toStrictEqual(body)
      })
    )

    it.effect.each(refused)("%o is refused: %s %s", ([request, named, rule]) =>
      Effect.gen(function* () {
        const refusal = yield* Effect.flip(submission(request))
        expect(refusal.field).toBe(named)
        expect(refusal.rule).toMatch(rule)
      })
    )
  })
}
