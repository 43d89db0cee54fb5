/** What a request that found no route may have meant. */
import type { Provider } from "../provider/Provider.ts"

/** A route, and what of a request differs from it. */
export interface Near {
  readonly method: string
  readonly path: string
  readonly differs: string
}

interface Known {
  readonly method: string
  readonly path: string
}

const routesOf = ({ content, name, poll, prefixes, submits }: Provider): ReadonlyArray<Known> => {
  const posts = submits.map(({ path }) => ({ method: "POST", path }))
  const gets = [poll, ...(content === undefined ? [] : [content.path])].map((path) => ({ method: "GET", path }))
  return prefixes.flatMap((prefix) => posts.concat(gets).map(({ method, path }) => ({ method, path: `/${name}${prefix}${path}` })))
}

/** How many letters must be put in, taken away or changed. */
export const distance = (one: string, other: string): number => {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [index, letter] of Array.from(one).entries()) {
    let diagonal = row[0] ?? 0
    const next = [index + 1]
    for (let column = 0; column < other.length; column++) {
      const above = row[column + 1] ?? 0
      next.push(Math.min((next[column] ?? 0) + 1, above + 1, diagonal + (letter === other[column] ? 0 : 1)))
      diagonal = above
    }
    row = next
  }
  return row.at(-1) ?? 0
}

/** The path as it would be if it were meant so: what stands for `{id}` is taken over. */
const filled = (pattern: ReadonlyArray<string>, path: ReadonlyArray<string>): ReadonlyArray<string> =>
  pattern.map((part, index) => (part === "{id}" ? (path[index] ?? part) : part))

const differsIn = (pattern: string, path: string, method: string, wanted: string): string => {
  const parts = pattern.split("/")
  const given = path.split("/")
  const told: Array<string> = []
  if (method !== wanted) told.push(`the method is ${wanted}, not ${method}`)
  const meant = filled(parts, given)
  const index = meant.findIndex((part, at) => part !== given[at])
  if (index >= 0)
    told.push(
      given[index] === undefined
        ? `"${meant.slice(index).join("/")}" is missing at its end`
        : `part ${index} is "${meant[index]}", not "${given[index]}"`
    )
  else if (given.length > meant.length) told.push(`there is nothing below it: "${given.slice(meant.length).join("/")}" is too much`)
  return told.join("; ")
}

/** The three routes that are nearest to a request, the nearest first; of a world, those that are in it: below `/<base>`. */
export const nearest = (providers: ReadonlyArray<Provider>, method: string, path: string, base?: string): ReadonlyArray<Near> => {
  const short = path.slice(0, 200)
  const scoreOf = (route: Known): number => {
    // That very route, with another method, and not one that takes its last part for an id.
    if (route.path === short) return -1
    return distance(short, filled(route.path.split("/"), short.split("/")).join("/")) + (method === route.method ? 0 : 2)
  }
  return providers
    .flatMap(routesOf)
    .filter((route) => base === undefined || route.path.startsWith(`/${base}/`))
    .map((route) => ({ route, score: scoreOf(route) }))
    .toSorted((one, other) => one.score - other.score)
    .slice(0, 3)
    .map(({ route }) => ({ method: route.method, path: route.path, differs: differsIn(route.path, short, method, route.method) }))
}
