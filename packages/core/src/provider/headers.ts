/** Why a caller's header or user agent can't be sent. */
import * as Redacted from "effect/Redacted"
import { InvalidRequest } from "../job/JobError.ts"
import type { Provider } from "./Provider.ts"

/** Headers about the target, the coding of the body, or the connection. */
const own = new Set([
  "accept",
  "accept-encoding",
  "authorization",
  "connection",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "user-agent"
])

/** Why a header or a user agent can't be sent. A value may be secret, and is not shown. */
export const refuseHeaders = ({ headers = {}, userAgent }: Provider<never>): InvalidRequest | undefined => {
  for (const [name, value] of Object.entries(headers)) {
    if (!/^[\w!#$%&'*+.^`|~-]+$/u.test(name))
      return new InvalidRequest({ field: "headers", rule: "have an invalid name: a header is name: value" })
    if (own.has(name.toLowerCase())) {
      const instead = name.toLowerCase() === "user-agent" ? "; give it as userAgent" : ""
      return new InvalidRequest({ field: "headers", rule: `name ${name}, which Reelay sets itself${instead}` })
    }
    if (!isValue(Redacted.value(value))) return new InvalidRequest({ field: "headers", rule: `give ${name} a value ${noValue}` })
  }
  return userAgent === undefined || (userAgent !== "" && isValue(userAgent))
    ? undefined
    : new InvalidRequest({ field: "userAgent", rule: userAgent === "" ? "is empty" : `is a text ${noValue}` })
}

/** The characters that every transport accepts. The error of one that does not would show the value. */
const isValue = (text: string): boolean => /^[\t\x20-\x7e]*$/u.test(text)
const noValue = "with characters that a header can't have, such as a line break"
