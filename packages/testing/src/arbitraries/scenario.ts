/** What may happen between one caller and one job: the mock's magic words, and when watchers come and go. */
import * as fc from "fast-check"

/**
 * One play of the engine against the mock. Times are milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Scenario {
  /** An index into the providers under test, modulo their number. */
  readonly provider: number
  /** Magic words of the mock, as in the prompt. */
  readonly words: ReadonlyArray<string>
  /** From submission to the end of the job. */
  readonly duration: number
  readonly pace: number
  readonly deadline: number
  /** From a request to its answer. */
  readonly latency: number
  /** What a 429 asks for, in seconds. */
  readonly retryAfter: number
  /** Whether errors repeat the caller's key, as some gateways do. */
  readonly echo: boolean
  /** When the caller leaves although the submission is in flight, counted from its beginning. Default: never. */
  readonly leave?: number | undefined
  /** The watchers, counted from the submission; without `span` until the end. */
  readonly windows: ReadonlyArray<{ readonly from: number; readonly span?: number | undefined }>
}

const endings = (
  "success success success fast fail gateway-fail expired cancelled no-url stuck " +
  "moderated moderated-400 moderated-400-old moderated-failed moderated-done"
)
  .split(" ")
  .map((word) => `mock:${word}`)

const faults = ["mock:unknown-status", "mock:flaky", "mock:rate-limited", "mock:not-found-first", "mock:query-failed", "mock:flat"]

const words = fc
  .tuple(
    fc.constantFrom(...endings),
    fc.oneof({ weight: 2, arbitrary: fc.constant<Array<string>>([]) }, { weight: 3, arbitrary: fc.subarray(faults, { maxLength: 2 }) }),
    // A job whose submission is lost has no life to watch.
    fc.oneof({ weight: 24, arbitrary: fc.constant<Array<string>>([]) }, { weight: 1, arbitrary: fc.constant(["mock:lost-submit"]) })
  )
  .map(([ending, faulty, lost]) => [ending].concat(faulty, lost))

/** Times that were drawn in paces, in milliseconds. */
const planned = (
  drawn: {
    readonly polls: number
    readonly visits: ReadonlyArray<{ readonly from: number; readonly span: number }>
    readonly stays: number | undefined
  } & Omit<Scenario, "deadline" | "windows">
): Scenario => {
  const { polls, stays, visits, ...rest } = drawn
  const { pace } = rest
  const short = visits.map(({ from, span }) => ({ from: from * pace, span: span * pace }))
  return { ...rest, deadline: pace * polls, windows: stays === undefined ? short : [...short, { from: stays * pace }] }
}

/**
 * Plays that reach the cases of the laws: each ending and fault often, deadlines that some jobs meet and some miss, watchers that
 * come, leave and return, and mostly one that stays.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const scenario: fc.Arbitrary<Scenario> = fc
  .record({
    provider: fc.nat({ max: 11 }),
    words,
    duration: fc.constantFrom(10_000, 0, 4000, 30_000, 400_000),
    pace: fc.constantFrom(1000, 500, 5000, 7000),
    polls: fc.constantFrom(40, 2, 4.5, 12),
    latency: fc.constantFrom(0, 0, 200, 3000),
    retryAfter: fc.constantFrom(1, 9),
    echo: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
    visits: fc.array(fc.record({ from: fc.constantFrom(0, 0.5, 1, 2.3), span: fc.constantFrom(0.2, 1, 2.5, 3) }), { maxLength: 2 }),
    stays: fc.constantFrom(0, 0, 0, 4.2, undefined)
  })
  .map(planned)
