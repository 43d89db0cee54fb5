/** What a server may answer: texts, JSON, answers, and documented payloads with errors in them. */
import { Dialect, type Reading } from "@reelay/core"
import * as fc from "fast-check"

/**
 * Words that a program may accept by accident: names that every object has, and words close to documented ones.
 *
 * @category constants
 * @since 0.1.0
 */
export const oddWords: ReadonlyArray<string> = [
  "",
  " ",
  "constructor",
  "__proto__",
  "toString",
  "hasOwnProperty",
  "null",
  "undefined",
  "true",
  "0",
  "warming_up",
  "task_not_exist",
  "<html>"
]

/**
 * A status: an odd one, a shared synonym, or a given one; in any case, with spaces around it.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const word = (statuses: Dialect.Statuses = {}): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.oneof(fc.constantFrom(...oddWords), fc.constantFrom(...Object.keys(Dialect.synonyms), ...Object.keys(statuses)), fc.string()),
      fc.constantFrom(
        (text: string) => text,
        (text: string) => text.toUpperCase(),
        (text: string) => ` ${text}\n`
      )
    )
    .map(([text, written]) => written(text))

/**
 * Any JSON, with names that are special on a plain object.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const json: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<unknown>(null, [], {}, 0, -1, "", true, [null], 1e308, "https://evil.test/x.mp4"),
  fc.dictionary(
    fc.constantFrom("status", "code", "data", "error", "id", "message", "constructor", "__proto__"),
    fc.jsonValue({ maxDepth: 2 })
  )
)

/**
 * Any text: arbitrary characters, JSON, truncated JSON, and pages.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "binary" }),
  json.map((value) => JSON.stringify(value)),
  fc.tuple(json, fc.nat({ max: 20 })).map(([value, length]) => JSON.stringify(value).slice(0, length)),
  fc.constantFrom("", "<html><body>502 Bad Gateway</body></html>", "null", "[]", "{}", "{", '"', "\uFEFF{}", "OK", "[".repeat(200))
)

/**
 * An HTTP status: half of all are 200, since one drawn from all integers would hardly ever reach a decoder.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const status: fc.Arbitrary<number> = fc.oneof(
  fc.constant(200),
  fc.oneof(fc.constantFrom(201, 202, 204, 301, 400, 401, 402, 403, 404, 408, 410, 429, 500, 502, 503), fc.integer({ min: 100, max: 599 }))
)

const headers = fc.constantFrom<Reading.Answer["headers"]>(
  { "content-type": "application/json" },
  {},
  { "content-type": "text/html; charset=utf-8" },
  { "content-type": "application/json", "retry-after": "1" },
  { "retry-after": "Wed, 21 Oct 2099 07:28:00 GMT" }
)

/**
 * Any answer to a request, with the given bodies.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const answer = (operation: Reading.Answer["operation"], body: fc.Arbitrary<string> = text): fc.Arbitrary<Reading.Answer> =>
  fc.record({ operation: fc.constant(operation), status, headers, body })
