/** Redirects of the API. Pure. None is ever followed with a POST; a poll follows one within the API's own origin. */
import { excerpt } from "../base/Text.ts"
import type { Answer, Reading, Receipt } from "../job/Reading.ts"
import type { Call, Provider } from "./Provider.ts"

/** A browser that was asked not to follow shows neither status nor target: its status is 0. */
const isRedirect = ({ status }: Answer): boolean => status === 0 || (status >= 300 && status <= 399)

/** Statuses that say where to send the same request again. */
const followed = new Set([301, 302, 303, 307, 308])

const targetOf = ({ headers }: Answer, from: string): URL | undefined => {
  const location = headers["location"]?.trim() ?? ""
  return location !== "" && URL.canParse(location, from) ? new URL(location, from) : undefined
}

/** The target that a GET follows: within the same scheme, host and port. */
export const withinOrigin = (answer: Answer, from: string): string | undefined => {
  const target = followed.has(answer.status) ? targetOf(answer, from) : undefined
  return target !== undefined && target.origin === new URL(from).origin ? target.href : undefined
}

/** An address that is safe to show: a query may contain a signature. */
const shown = ({ origin, pathname }: URL): string => excerpt(`${origin}${pathname}`)

const unseen = "the server answered with a redirect, and a browser does not show where to"

/** What a redirect of a poll means, if it was not followed. */
export const pollRedirect = ({ baseUrl }: Provider<never>, { path }: Call, answer: Answer): Reading | undefined => {
  if (!isRedirect(answer)) return undefined
  const target = targetOf(answer, `${baseUrl}${path}`)
  const message =
    answer.status === 0
      ? unseen
      : target === undefined
        ? "a redirect that names no target"
        : `it redirects to ${shown(target)}${hintOf(target, baseUrl, path)}`
  // A page comes from a portal or proxy on the way, and is temporary, as HTML with any status is.
  return answer.status !== 0 && answer.body.trimStart().startsWith("<")
    ? { _tag: "Missed", because: "unreadable", detail: excerpt(`HTTP ${answer.status} with a page, and ${message}`) }
    : { _tag: "Refused", reason: "PollRejected", status: answer.status, message }
}

/**
 * What a redirect of a submission means.
 *
 * 307 and 308 mean "send it there": it was not accepted here. With 301 and 302 a server may also have accepted a form and show its result
 * (RFC 9110, 15.4), as 303 always does: they are a refusal only if they lead to the same endpoint elsewhere, or to a login page.
 */
export const submitRedirect = ({ baseUrl }: Provider<never>, { path }: Call, answer: Answer): Receipt | undefined => {
  if (!isRedirect(answer)) return undefined
  const { status } = answer
  const from = new URL(`${baseUrl}${path}`)
  const target = targetOf(answer, from.href)
  if (status === 0) return { _tag: "Unclear", status, detail: unseen }
  if (target === undefined) return { _tag: "Unclear", status, detail: `HTTP ${status}, a redirect that names no target` }
  const isElsewhere = isSameElsewhere(from, target, path)
  const isRefusal = status === 307 || status === 308 || ((status === 301 || status === 302) && (isElsewhere || isLogin(target, from)))
  return isRefusal
    ? { _tag: "Declined", reason: "SubmitRejected", status, message: `it redirects to ${shown(target)}${hintOf(target, baseUrl, path)}` }
    : { _tag: "Unclear", status, detail: `HTTP ${status}, a redirect to ${shown(target)}` }
}

/** The base URL that would have led there. */
const hintOf = (target: URL, baseUrl: string, path: string): string => {
  if (isLogin(target, new URL(baseUrl))) return ", a page to log in: is the base URL right?"
  const pathname = withoutSlash(target.pathname)
  const there = `${target.origin}${pathname.slice(0, -path.length)}`
  return pathname.endsWith(path) && there !== baseUrl ? `: use ${there} as the base URL` : ""
}

const withoutSlash = (path: string): string => path.replace(/\/+$/u, "")

/** Whether only scheme, host, port, a prefix, or a slash at the end differ, and at least one does. */
const isSameElsewhere = (from: URL, target: URL, path: string): boolean => {
  if (target.href === from.href || target.search !== from.search || target.hash !== "") return false
  const [here, there] = [withoutSlash(from.pathname), withoutSlash(target.pathname)]
  return there !== "" && (there.endsWith(withoutSlash(path)) || here.endsWith(there))
}

const loginWords = /^(log-?_?in|sign-?_?in|sso|auth|oauth2?|authorize|saml2?|cas)(\.\w+)?$/iu

/** By the last part of its path, or by the first name of another host. */
const isLogin = ({ hostname, pathname }: URL, from: URL): boolean =>
  loginWords.test(withoutSlash(pathname).split("/").at(-1) ?? "") ||
  (hostname !== from.hostname && /^(login|signin|sso|auth)\./iu.test(hostname))
