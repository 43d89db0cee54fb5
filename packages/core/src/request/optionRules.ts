/** The check of options: a name that is not known, or a value of another type, is refused and not ignored. Pure. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { InvalidRequest } from "../job/JobError.ts"
import { excerpt } from "../base/Text.ts"

/** What is wrong with a value that was given, as the rest of a sentence that begins with the option's name. */
export type Rule = (value: unknown) => string | undefined

/** The options of an entry point. The compiler sees to it that none is missing. */
export type Rules<Options> = { readonly [Name in keyof Required<Options>]: Rule }

const must =
  (be: string, is: (value: unknown) => boolean): Rule =>
  (value) =>
    is(value) ? undefined : `must be ${be}`

export const text: Rule = must("a text that isn't empty", (value) => typeof value === "string" && value.trim() !== "")
export const flag: Rule = must("true or false", (value) => typeof value === "boolean")
export const callback: Rule = must("a function", (value) => typeof value === "function")
export const record: Rule = must("an object", (value) => typeof value === "object" && value !== null)
/** Infinity is one: no limit. */
export const count: Rule = (value) =>
  typeof value === "number" && value >= 1 && (Number.isInteger(value) || value === Number.POSITIVE_INFINITY)
    ? undefined
    : `is ${shown(value)}, and must be 1 or more`
export const abortSignal: Rule = must(
  "an AbortSignal",
  (value) => typeof value === "object" && value !== null && "aborted" in value && "addEventListener" in value
)

const shown = (value: unknown): string => (typeof value === "number" || typeof value === "string" ? excerpt(String(value)) : typeof value)

/** One of the given words. */
export const oneOf = (...words: ReadonlyArray<string>): Rule =>
  must(`one of ${words.join(", ")}`, (value) => words.some((word) => word === value))
export const duration: Rule = must('a time above zero, such as 5000 (milliseconds) or "5 seconds"', (value) => {
  const time = isInput(value) ? Duration.fromInput(value) : Option.none()
  return Option.isSome(time) && Duration.toMillis(time.value) > 0
})
export const schedule: Rule = must("a Schedule", Schedule.isSchedule)

/** `Duration.fromInput` is total: it takes any value of these types, and has none for what is no time. */
const isInput = (value: unknown): value is Duration.Input => ["number", "bigint", "string", "object"].includes(typeof value)

/** Throws a `RangeError` for options of a constructor that returns a plain value. */
export const demand = (of: string, given: unknown, rules: Readonly<Record<string, Rule>>): void => {
  const refused = refuseOptions(given, rules)
  if (refused !== undefined) throw new RangeError(`${of}: ${refused.field} ${refused.rule}`)
}

/** The first thing that is wrong with options. A value of `undefined` counts as left out. */
export const refuseOptions = (given: unknown, rules: Readonly<Record<string, Rule>>): InvalidRequest | undefined => {
  if (given === undefined) return undefined
  if (typeof given !== "object" || given === null) return new InvalidRequest({ field: "options", rule: "must be an object" })
  for (const [name, value] of Object.entries(given)) {
    const check = Object.hasOwn(rules, name) ? rules[name] : undefined
    const rule = check === undefined ? unknownTo(name, Object.keys(rules)) : value === undefined ? undefined : check(value)
    if (rule !== undefined) return new InvalidRequest({ field: excerpt(name), rule })
  }
  return undefined
}

const unknownTo = (name: string, known: ReadonlyArray<string>): string => {
  const near = known.find((each) => isNear(squeezed(name), squeezed(each)))
  return near === undefined ? `isn't an option; there are ${known.join(", ")}` : `isn't an option; it is ${near}`
}

const squeezed = (name: string): string => name.toLowerCase().replaceAll(/[\W_]/gu, "")

/** The same but for capitals and dashes, or but for one or two letters. */
const isNear = (one: string, other: string): boolean => one === other || (one.length > 3 && distance(one, other) <= 2)

/** How many letters to add, leave out or replace (Levenshtein). */
const distance = (one: string, other: string): number => {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [i, letter] of Array.from(one).entries()) {
    const next = [i + 1]
    for (const [j, there] of Array.from(other).entries())
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === there ? 0 : 1)))
    row = next
  }
  return row[other.length] ?? 0
}
