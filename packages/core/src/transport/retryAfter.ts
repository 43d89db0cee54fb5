/** How long a provider asks to wait. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"

/**
 * Reads `Retry-After`, written as seconds or as a date: milliseconds from the answer on, or `undefined` if the header is missing or can't be read. A
 * date counts from the answer's own `Date`, since both are of the provider's clock (RFC 9110, 6.6.1); without one it counts from `now`, epoch
 * milliseconds of a clock that may be an hour off.
 */
export const retryAfter = (headers: Readonly<Record<string, string | undefined>>, now: number): number | undefined => {
  const text = headers["retry-after"]?.trim() ?? ""
  if (/^\d+(\.\d+)?$/u.test(text)) return Math.ceil(Number(text) * 1000)
  const at = dateOf(text)
  return at === undefined ? undefined : Math.max(0, at - (dateOf(headers["date"]) ?? now))
}

/** An HTTP date names its month; engines read other things, such as "-5", as years. */
const dateOf = (text = ""): number | undefined =>
  /[a-z]{3}.*\d/iu.test(text) ? Option.getOrUndefined(Option.map(DateTime.make(text), DateTime.toEpochMillis)) : undefined
