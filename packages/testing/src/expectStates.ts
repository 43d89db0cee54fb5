/**
 * States as one line of text, and a test that compares two of them.
 *
 * @since 0.1.0
 */
import type { Job, JobState } from "@reelay/core"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"

/** A subscribable source: an RxJS Observable, or a job of the Promise client. */
interface Subscribable {
  readonly subscribe: (observer: {
    readonly next: (state: JobState.JobState) => void
    readonly error: (error: unknown) => void
    readonly complete: () => void
  }) => unknown
}

/**
 * Where states come from: a handle, an Observable, a job of the Promise client, another async iterable, or an iterable of states.
 *
 * @category models
 * @since 0.1.0
 */
export type Source = Pick<Job.JobHandle, "states"> | AsyncIterable<JobState.JobState> | Subscribable | Iterable<JobState.JobState>

/**
 * The rejection if states are not as expected. Test runners show `expected` and `actual` side by side.
 *
 * @category errors
 * @since 0.1.0
 */
export class StatesDiffer extends Error {
  override readonly name = "AssertionError"
  readonly expected: string
  readonly actual: string
  constructor(message: string, expected: string, actual: string) {
    super(message)
    this.expected = expected
    this.actual = actual
  }
}

/** @category models */
export interface Expectation {
  /** Waits for the end, and rejects with `StatesDiffer` if the picture differs. */
  readonly toBe: (picture: string) => Promise<void>
}

/** The words for letters in an expected picture. */
const words: ReadonlyMap<string, string> = new Map([
  ["ok", "✓"],
  ["failed", "✗"],
  ["expired", "⌛"],
  ["cancelled", "⊘"],
  ["lost", "#"]
])

const tokenOf = (state: JobState.JobState): string => {
  switch (state._tag) {
    case "Submitted":
      return "s"
    case "Queued":
      return "q"
    case "Running":
      return state.progress === undefined ? "r" : `r(${Math.round(state.progress * 100) / 100})`
    case "Succeeded":
      return "✓"
    case "Failed":
      return "✗"
    case "Expired":
      return "⌛"
    case "Cancelled":
      return "⊘"
  }
}

/**
 * States as one line: `s` submitted, `q` queued, `r` running, `r(0.4)` at 40 %, `✓` succeeded, `✗` failed, `⌛` expired, `⊘` cancelled.
 *
 * @category formatting
 * @since 0.1.0
 */
export const pictureOf = (states: Iterable<JobState.JobState>): string => Array.from(states, tokenOf).join("-")

/** One step of an expected picture, and how often it may come. */
interface Step {
  readonly text: string
  readonly token: string
  readonly least: 0 | 1
  readonly many: boolean
}

const stepOf = (text: string): Step => {
  const mark = /[*?+]$/u.exec(text)?.[0]
  const bare = mark === undefined ? text : text.slice(0, -1)
  return { text, token: words.get(bare) ?? bare, least: mark === "*" || mark === "?" ? 0 : 1, many: mark === "*" || mark === "+" }
}

/** A valid token, once words are replaced by letters. */
const possible = /^(?:[sqr✓✗⌛⊘#]|r\((?:0|1|0\.\d{1,2})\))$/u

/** The steps of a picture. Throws if a step isn't the name of a state. */
const stepsOf = (picture: string): ReadonlyArray<Step> => {
  const steps =
    picture.trim() === ""
      ? []
      : picture
          .trim()
          .split(/\s*-\s*/u)
          .map(stepOf)
  const odd = steps.find(({ token }) => !possible.test(token))
  if (odd === undefined) return steps
  throw new TypeError(
    `The picture "${picture}" has "${odd.text}" in it, which isn't a state. There are s, q, r, r(0.4) with a fraction of at most two digits, ` +
      `${[...words].map(([word, letter]) => `${letter} or ${word}`).join(", ")}; *, + or ? may follow.`
  )
}

/** `r` matches any progress; `r(0.4)` and `r(0.40)` match exactly this one. */
const fits = ({ token }: Step, seen: string): boolean => {
  if (token === "r") return seen === "r" || seen.startsWith("r(")
  return token === seen || (seen.startsWith("r(") && token.startsWith("r(") && Number(token.slice(2, -1)) === Number(seen.slice(2, -1)))
}

/** How many tokens the steps match at most, and the step that then fails to match; `undefined` if all match. */
const misfit = (
  steps: ReadonlyArray<Step>,
  seen: ReadonlyArray<string>
): { readonly at: number; readonly wanted: Step | undefined } | undefined => {
  let best = { at: -1, wanted: steps[0] }
  const known = new Set<string>()
  const walk = (step: number, at: number): boolean => {
    const place = `${step} ${at}`
    if (known.has(place)) return false
    known.add(place)
    const wanted = steps[step]
    const token = seen[at]
    if (wanted === undefined && token === undefined) return true
    if (at >= best.at) best = { at, wanted }
    if (wanted === undefined) return false
    if (token !== undefined && fits(wanted, token) && ((wanted.many && walk(step, at + 1)) || walk(step + 1, at + 1))) return true
    return wanted.least === 0 && walk(step + 1, at)
  }
  return walk(0, 0) ? undefined : best
}

const explained = (
  expected: string,
  seen: ReadonlyArray<string>,
  { at, wanted }: { readonly at: number; readonly wanted: Step | undefined }
): string => {
  const actual = seen.join("-")
  const before = seen.slice(0, at).join("-").length + (at > 0 ? 1 : 0)
  const came = seen[at]
  const what =
    came === undefined
      ? `nothing came after this, and ${wanted?.text ?? "the end"} was expected`
      : wanted === undefined
        ? `${came} came, and nothing more was expected`
        : `${came} came, and ${wanted.text} was expected`
  return `The states are not as expected.\n  expected  ${expected}\n  seen      ${actual}\n            ${" ".repeat(before)}^ ${what}`
}

const isSource = (source: unknown): boolean =>
  typeof source === "object" &&
  source !== null &&
  ("states" in source || "subscribe" in source || Symbol.asyncIterator in source || Symbol.iterator in source)

/** States until the end; `#` if the job was lost. */
const collected = async (source: Source): Promise<{ readonly tokens: ReadonlyArray<string>; readonly error: unknown }> => {
  const tokens: Array<string> = []
  const keep = (state: JobState.JobState): void => void tokens.push(tokenOf(state))
  try {
    // A job of the Promise client has `states` too, and they are another kind.
    if (Symbol.asyncIterator in source) for await (const state of source) keep(state)
    else if ("states" in source) {
      const exit = await Effect.runPromiseExit(Stream.runForEach(source.states, (state) => Effect.sync(() => keep(state))))
      if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
    } else if (Symbol.iterator in source) for (const state of source) keep(state)
    else await new Promise<void>((resolve, reject) => source.subscribe({ next: keep, error: reject, complete: resolve }))
    return { tokens, error: undefined }
  } catch (error) {
    return { tokens: [...tokens, "#"], error }
  }
}

/**
 * Expects the states of a job, to its end, as a picture: the letters of `pictureOf`, with `-` between. `r` matches any progress; `r*` any number of
 * such states, `r+` one or more, `q?` one or none; `#`, or `lost`, a lost job. The others can be written as words,
 * too: `ok`, `failed`, `expired`, `cancelled`.
 *
 * It needs no test runner and works under any: it rejects with an error that has `expected` and `actual`. A picture with an invalid step, and an
 * invalid source, are a TypeError.
 *
 * **Example** (A job at the mock, through any API)
 *
 * ```ts
 * import type { PromiseJob } from "@reelay/core/promise"
 * import { expectStates } from "@reelay/testing"
 *
 * export const check = async (job: PromiseJob) => {
 *   await expectStates(job).toBe("s-q?-r(0.4)-r(0.9)-✓")
 *   await expectStates(job).toBe("s-q?-r*-ok")
 * }
 * ```
 *
 * @category testing
 * @since 0.1.0
 */
export const expectStates = (source: Source): Expectation => ({
  toBe: async (picture) => {
    const steps = stepsOf(picture)
    if (!isSource(source)) {
      throw new TypeError(
        `There is nothing to watch: ${source === null ? "null" : typeof source} isn't a handle, Observable, job or list of states.`
      )
    }
    const { error, tokens } = await collected(source)
    const wrong = misfit(steps, tokens)
    if (wrong === undefined) return
    const why = error instanceof Error ? `\nThe job was lost: ${error.message}` : ""
    throw new StatesDiffer(explained(picture, tokens, wrong) + why, picture, tokens.join("-"))
  }
})
