/** Reading and changing JSON by path. */

/** Names, and indices as text, from the root. */
export type Path = ReadonlyArray<string>

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null

/** Every path into a value, except the root. */
export const paths = (value: unknown, from: Path = []): ReadonlyArray<Path> => {
  const all: Array<Path> = []
  for (const name of isObject(value) ? Object.keys(value) : []) {
    const path = [...from, name]
    all.push(path, ...paths(isObject(value) ? value[name] : undefined, path))
  }
  return all
}

/** The value at a path; `undefined` if there is none. */
export const get = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((inner, name) => (isObject(inner) && Object.hasOwn(inner, name) ? inner[name] : undefined), value)

/** The value with another value at a path. A path through a non-object changes nothing. */
export const replaced = (value: unknown, [name, ...rest]: Path, by: unknown): unknown => {
  if (name === undefined) return by
  if (Array.isArray(value)) return value.map((each: unknown, index) => (String(index) === name ? replaced(each, rest, by) : each))
  if (!isObject(value)) return value
  if (rest.length > 0 && !Object.hasOwn(value, name)) return value
  // Built from entries, so that "__proto__" is a name like any other, as in JSON.parse.
  const others = Object.entries(value).filter(([key]) => key !== name)
  return Object.fromEntries([...others, [name, replaced(rest.length === 0 ? undefined : value[name], rest, by)]])
}

/** The value without the value at a path. */
export const removed = (value: unknown, [name, ...rest]: Path): unknown => {
  if (name === undefined || !isObject(value)) return value
  if (Array.isArray(value)) {
    return rest.length === 0
      ? value.filter((_, index) => String(index) !== name)
      : value.map((each: unknown, index) => (String(index) === name ? removed(each, rest) : each))
  }
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) =>
      key !== name ? [[key, inner]] : rest.length === 0 ? [] : [[key, removed(inner, rest)]]
    )
  )
}

/** Every text in a value, unchanged. */
export const texts = (value: unknown): ReadonlyArray<string> =>
  typeof value === "string" ? [value] : isObject(value) ? Object.values(value).flatMap(texts) : []
