/**
 * Which provider, and which of its endpoints, a path means.
 */
import type { Content, Provider, Submit } from "../provider/Provider.ts"

export type Route =
  | { readonly _tag: "submit"; readonly provider: Provider; readonly submit: Submit }
  | { readonly _tag: "poll"; readonly provider: Provider; readonly id: string }
  | { readonly _tag: "content"; readonly provider: Provider; readonly content: Content; readonly id: string }
  | { readonly _tag: "file"; readonly provider: Provider; readonly id: string }
  | { readonly _tag: "unknown"; readonly provider?: Provider }

/** The part of `path` that stands for `{id}` in `pattern`. */
const idIn = (pattern: string, path: string): string | undefined => {
  const [before = "", after = ""] = pattern.split("{id}")
  if (!path.startsWith(before) || !path.endsWith(after) || path.length <= before.length + after.length) return undefined
  const id = path.slice(before.length, path.length - after.length)
  return id.includes("/") ? undefined : id
}

const within = (provider: Provider, path: string): Route | undefined => {
  const submit = provider.submits.find((one) => one.path === path)
  if (submit !== undefined) return { _tag: "submit", provider, submit }
  const { content } = provider
  const contentId = content === undefined ? undefined : idIn(content.path, path)
  if (content !== undefined && contentId !== undefined) return { _tag: "content", provider, content, id: contentId }
  const id = idIn(provider.poll, path)
  return id === undefined ? undefined : { _tag: "poll", provider, id }
}

/** The jobs of a gateway, and so their files, are its upstream's. */
const hasFiles = ({ gateway }: Provider): boolean => gateway === undefined

export const routeOf = (providers: ReadonlyArray<Provider>, pathname: string): Route => {
  const [, first = ""] = pathname.split("/")
  if (first === "files") {
    const provider = providers.find((one) => hasFiles(one) && pathname.startsWith(`/files/${one.name}/`))
    const id = provider === undefined ? undefined : idIn(`/files/${provider.name}/{id}.mp4`, pathname)
    return provider === undefined || id === undefined ? { _tag: "unknown" } : { _tag: "file", provider, id }
  }
  const provider = providers.find((one) => one.name === first)
  if (provider === undefined) return { _tag: "unknown" }
  for (const prefix of provider.prefixes) {
    const base = `/${first}${prefix}/`
    const route = pathname.startsWith(base) ? within(provider, pathname.slice(base.length - 1)) : undefined
    if (route !== undefined) return route
  }
  return { _tag: "unknown", provider }
}

/** The mock's own words about a provider: its contract. */
export interface ContractRoute {
  readonly provider: Provider
  /** The path that it is below, and with it the API. */
  readonly base: string
  readonly as: "openapi.json" | "docs"
}

export const contractRouteOf = (providers: ReadonlyArray<Provider>, pathname: string): ContractRoute | undefined => {
  const [, base = "", as] = /^(\/.+)\/(openapi\.json|docs)$/.exec(pathname) ?? []
  if (as !== "openapi.json" && as !== "docs") return undefined

  const provider = providers.find((one) => one.contract !== undefined && one.prefixes.some((prefix) => base === `/${one.name}${prefix}`))
  return provider === undefined ? undefined : { provider, base, as }
}

/** What follows `/__mock/` in the path of something that only the console asks for. */
export const consolePathOf = (pathname: string): string | undefined =>
  /^\/__mock\/(|console\.(?:css|js|json)|events|journal\/\d+|jobs\/[^/]+\/video)$/.exec(pathname)?.[1]

/** The methods that a route takes. HEAD is GET without a body. */
export const methodsOf = (route: Exclude<Route, { readonly _tag: "unknown" }>): ReadonlyArray<string> =>
  route._tag === "submit" ? ["POST"] : ["GET", "HEAD"]
