/** Why a text can't be the base URL of an API. Pure. */
import { isBaseUrl } from "../job/JobRef.ts"

/**
 * As the rest of a sentence that begins with the option's name. It does not repeat the text, which may hold a password.
 *
 * `own`: what the paths of the API begin with. The base URL of an SDK often ends in its version.
 */
export const baseUrlProblem = (baseUrl: string, vendor: string, own: string | undefined): string | undefined => {
  if (baseUrl === "") return "is empty"
  if (/^[/.?#]/u.test(baseUrl)) return `is a path: give scheme and host as well, as in ${vendor}`
  if (!/^[a-z][a-z\d+.-]*:\/\//iu.test(baseUrl)) return `has no scheme: begin it with https://, as in ${vendor}`
  if (!URL.canParse(baseUrl)) return "isn't an address"
  const url = new URL(baseUrl)
  if (url.protocol !== "https:" && url.protocol !== "http:") return "must begin with https:// or http://"
  if (`${url.username}${url.password}` !== "") return "has a user name or password"
  if (!isBaseUrl(baseUrl) || /[?#]/u.test(baseUrl)) return "has a query or a fragment"
  const added = partsOf(own ?? "").find((part) => url.pathname.endsWith(part))
  return added === undefined ? undefined : `ends in ${added}, which is added to it: use ${baseUrl.slice(0, -added.length)}`
}

/** The parts of it that a caller may have taken for a part of the base: its version, with what comes before or after it. */
const partsOf = (own: string): ReadonlyArray<string> => {
  const [upTo] = /^.*?\/v\d+(?=\/|$)/u.exec(own) ?? []
  if (upTo === undefined) return []
  const from = upTo.lastIndexOf("/")
  return [own, own.slice(from), upTo, upTo.slice(from)]
}
