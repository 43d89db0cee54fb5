/**
 * Which provider, and which of its endpoints, a path means.
 */
import { cometapi } from "../providers/cometapi/dialect.ts"
import type { Content, Dialect, Submit } from "../provider/Dialect.ts"
import { type Provider, providers } from "../base/names.ts"
import { geeknow } from "../providers/geeknow/dialect.ts"
import { xai } from "../providers/xai/dialect.ts"
import { xingchao } from "../providers/xingchao/dialect.ts"
import { gateway } from "../base/names.ts"

export const dialects: Readonly<Record<Provider, Dialect>> = { cometapi, xingchao, geeknow, xai }

export type Route =
  | { readonly _tag: "submit"; readonly dialect: Dialect; readonly submit: Submit }
  | { readonly _tag: "poll"; readonly dialect: Dialect; readonly id: string }
  | { readonly _tag: "content"; readonly dialect: Dialect; readonly content: Content; readonly id: string }
  | { readonly _tag: "file"; readonly provider: Provider; readonly id: string }
  | { readonly _tag: "unknown"; readonly dialect?: Dialect }

/** The part of `path` that stands for `{id}` in `pattern`. */
const idIn = (pattern: string, path: string): string | undefined => {
  const [before = "", after = ""] = pattern.split("{id}")
  if (!path.startsWith(before) || !path.endsWith(after) || path.length <= before.length + after.length) return undefined
  const id = path.slice(before.length, path.length - after.length)
  return id.includes("/") ? undefined : id
}

const within = (dialect: Dialect, path: string): Route | undefined => {
  const submit = dialect.submits.find((one) => one.path === path)
  if (submit !== undefined) return { _tag: "submit", dialect, submit }
  const { content } = dialect
  const contentId = content === undefined ? undefined : idIn(content.path, path)
  if (content !== undefined && contentId !== undefined) return { _tag: "content", dialect, content, id: contentId }
  const id = idIn(dialect.poll, path)
  return id === undefined ? undefined : { _tag: "poll", dialect, id }
}

export const routeOf = (pathname: string): Route => {
  const [, first = ""] = pathname.split("/")
  if (first === "files") {
    const provider = providers.find((one) => pathname.startsWith(`/files/${one}/`))
    const id = provider === undefined ? undefined : idIn(`/files/${provider}/{id}.mp4`, pathname)
    return provider === undefined || id === undefined ? { _tag: "unknown" } : { _tag: "file", provider, id }
  }
  const provider = providers.find((one) => one === first)
  if (provider === undefined) return { _tag: "unknown" }
  const dialect = dialects[provider]
  for (const prefix of dialect.prefixes) {
    const base = `/${provider}${prefix}/`
    const route = pathname.startsWith(base) ? within(dialect, pathname.slice(base.length - 1)) : undefined
    if (route !== undefined) return route
  }
  return { _tag: "unknown", dialect }
}

/** The mock's own words about a provider: its contract. */
export interface ContractRoute {
  readonly provider: Provider
  /** The path that it is below, and with it the API. */
  readonly base: string
  readonly as: "openapi.json" | "docs"
}

export const contractRouteOf = (pathname: string): ContractRoute | undefined => {
  const [, base = "", as] = /^(\/.+)\/(openapi\.json|docs)$/.exec(pathname) ?? []
  if (as !== "openapi.json" && as !== "docs") return undefined
  if (base === `/${gateway}`) return { provider: "cometapi", base, as }
  const provider = providers.find((one) => dialects[one].prefixes.some((prefix) => base === `/${one}${prefix}`))
  return provider === undefined ? undefined : { provider, base, as }
}

/** What follows `/__mock/` in the path of something that only the console asks for. */
export const consolePathOf = (pathname: string): string | undefined =>
  /^\/__mock\/(|console\.(?:css|js|json)|events|journal\/\d+|jobs\/[^/]+\/video)$/.exec(pathname)?.[1]

/** The methods that a route takes. HEAD is GET without a body. */
export const methodsOf = (route: Exclude<Route, { readonly _tag: "unknown" }>): ReadonlyArray<string> =>
  route._tag === "submit" ? ["POST"] : ["GET", "HEAD"]
