/** What a mock was made with, checked at once: JavaScript has no types to do so. */
import { latest, longest } from "../base/time.ts"
import type { Provider } from "../provider/Provider.ts"

const modes: ReadonlyArray<unknown> = ["given", "frozen", "lockstep"]

/** The origin that a text is, and nothing else of a URL; `undefined` if it is none. */
export const originOf = (text: string): string | undefined => {
  const url = URL.parse(text)
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:"
  return isHttp && (text === url.origin || text === `${url.origin}/`) ? url.origin : undefined
}

interface Checked {
  readonly providers: ReadonlyArray<Provider>
  readonly now: unknown
  readonly duration?: unknown
  readonly urlTtl?: unknown
  readonly starts?: unknown
  readonly maxBodyBytes?: unknown
  readonly clock?: unknown
  readonly filesAt?: unknown
  readonly seed?: unknown
}

/** Parts of a path that are the mock's own. */
const taken: ReadonlySet<string> = new Set(["files", "r", "favicon.ico"])

const checkProviders = (providers: ReadonlyArray<Provider>): void => {
  const names = providers.map(({ name }) => name)
  for (const [index, { gateway, name }] of providers.entries()) {
    if (typeof name !== "string" || !/^[\w.+-]*[a-z0-9]$/i.test(name) || taken.has(name) || name.startsWith("__"))
      throw new TypeError(`providers: ${JSON.stringify(name)} can't be a provider's name: it is a part of a path, as in "acme"`)
    if (names.indexOf(name) !== index) throw new TypeError(`providers: there are two called ${name}`)
    if (gateway !== undefined && !providers.some((each) => each.name === gateway.upstream && each.gateway === undefined))
      throw new TypeError(`providers: ${name} passes its jobs on to ${gateway.upstream}, which has to be one of them, and no gateway`)
  }
}

/** Throws a TypeError that names the option. */
export const check = ({ clock, filesAt, now, providers, seed, ...numbers }: Checked): void => {
  checkProviders(providers)
  if (typeof now !== "function") throw new TypeError("now must be a function that tells the time, as () => Date.now()")
  for (const [name, most] of [
    ["duration", longest],
    ["urlTtl", longest],
    ["starts", latest],
    ["maxBodyBytes", Number.MAX_SAFE_INTEGER]
  ] as const) {
    const value = numbers[name]
    if (value !== undefined && !(typeof value === "number" && value >= 0 && value <= most))
      throw new TypeError(`${name} must be a number from 0 to ${most}, not ${typeof value === "number" ? value : JSON.stringify(value)}`)
  }
  if (numbers.starts !== undefined && (clock === undefined || clock === "given"))
    throw new TypeError("starts is when a clock begins that is frozen, or in lock step")
  if (seed !== undefined && typeof seed !== "string" && !Number.isFinite(seed)) throw new TypeError("seed must be a text or a number")
  if (clock !== undefined && !modes.includes(clock)) throw new TypeError(`clock must be ${modes.join(", ")}, not ${JSON.stringify(clock)}`)
  if (filesAt !== undefined && !(typeof filesAt === "string" && originOf(filesAt) !== undefined))
    throw new TypeError(`filesAt must be an origin, as http://localhost:8787, not ${JSON.stringify(filesAt)}`)
}
