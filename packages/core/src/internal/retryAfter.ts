/** How long a provider asks to stay away. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"

/**
 * Reads `Retry-After`, written as seconds or as a date: milliseconds from `now` (epoch milliseconds), or `undefined` where the
 * header is absent or says nothing that can be read.
 */
export const retryAfter = (value: string | undefined, now: number): number | undefined => {
  const text = value?.trim() ?? ""
  if (/^\d+(\.\d+)?$/u.test(text)) return Math.ceil(Number(text) * 1000)
  // An HTTP date names its month; engines read other things, such as "-5", as years.
  if (!/[a-z]{3}.*\d/iu.test(text)) return undefined
  return Option.getOrUndefined(Option.map(DateTime.make(text), (at) => Math.max(0, DateTime.toEpochMillis(at) - now)))
}
