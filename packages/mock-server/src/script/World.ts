/**
 * A world of the mock as data: one provider, what becomes of its jobs, and what moves the time. As a token it stands in a base URL,
 * `http://host/r/<token>`, so that any client that takes a base URL plays in it: alone, and the same whenever it is played again.
 *
 * @since 0.1.0
 */
import * as Base64Url from "effect/encoding/Base64Url"
import * as Schema from "effect/Schema"
import { stranger } from "../base/stranger.ts"
import { longest } from "../base/time.ts"
import type * as Fault from "./Fault.ts"
import * as Script from "./Script.ts"

/**
 * Schema for a world. Keys are no part of it: every key is good but those that begin with `bad`, and a token can be shown to anybody.
 *
 * @category schemas
 * @since 0.1.0
 */
export const World = Schema.Struct({
  /** Whose API it is, or which gateway's over which; its paths follow the token directly, as in `/r/<token>/v1/videos`. */
  provider: Schema.String,
  /** The life of each job, whatever the prompts say. Default: the prompts choose. */
  script: Schema.optionalKey(Script.Changes),
  /** How long a job takes whose script and prompt say nothing of it: milliseconds. Default: ten seconds. */
  duration: Schema.optionalKey(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: longest }))),
  /** Ids, signatures, pictures, and what a script leaves open, derive from it. Default: "reelay". */
  seed: Schema.optionalKey(Schema.Union([Schema.String, Schema.Finite])),
  /** What moves its time, as of a mock. Default: the clock of the mock that it is in. */
  clock: Schema.optionalKey(Schema.Literals(["frozen", "lockstep"])),
  /** When its own clock begins: milliseconds since the epoch. Default: 0. */
  starts: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 8_000_000_000_000 }))),
  /** How long a URL is good after the answer that held it: milliseconds. Default: one hour. */
  urlTtl: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: longest })))
})
/** @category models */
export type World = typeof World.Type

/** The usual time of a job whose script says nothing of it: milliseconds. */
const usual = 10_000

/**
 * What a mock knows of: a world of anything else is refused.
 *
 * @category models
 * @since 0.1.0
 */
export interface Known {
  /** The names of its providers. Default: any. */
  readonly names?: ReadonlyArray<string>
  /** The faults that there are. Default: any provider's. */
  readonly catalogue?: Fault.Catalogue
}

const decodeFields = Schema.decodeUnknownResult(Schema.Record(Schema.String, Schema.Unknown))
const decodeWorld = Schema.decodeUnknownResult(World)
const decodeNamed = (names: ReadonlyArray<string>) => Schema.decodeUnknownResult(Schema.Struct({ provider: Schema.Literals(names) }))

/**
 * Reads a world from JSON, or says what is wrong with it. A fault can be its name alone.
 *
 * @example
 * ```ts
 * import { World } from "@reelay/mock-server"
 *
 * World.fromJson({ provider: "xai", script: { ending: "failed", faults: ["rate-limited"] }, seed: 7 })
 * ```
 *
 * @category converting
 * @since 0.1.0
 */
export const fromJson = (json: unknown, { catalogue, names }: Known = {}): World | { readonly problem: string } => {
  const given = decodeFields(json)
  if (given._tag === "Failure") return { problem: 'a world is a JSON object, as {"provider": "xai", "seed": 1}' }
  const { script: changes, ...others } = given.success
  const problem = stranger("field of a world", Object.keys(given.success), Object.keys(World.fields))
  if (problem !== undefined) return { problem }
  if (others["starts"] !== undefined && others["clock"] === undefined)
    return { problem: "starts is when a clock of the world's own begins: frozen or lockstep" }
  if (changes === undefined) return read(others, names)
  const { duration } = others
  const script = Script.fromJson(changes, typeof duration === "number" ? duration : usual, catalogue)
  if ("problem" in script) return { problem: `script: ${script.problem}` }
  // Of a script that can be played, what it says of its own; its faults by their long form.
  return read({ ...others, script: { ...Object(changes), faults: script.faults } }, names)
}

const read = (fields: unknown, names: Known["names"]): World | { readonly problem: string } => {
  const named = names === undefined ? undefined : decodeNamed(names)(fields)
  if (named?._tag === "Failure") return { problem: String(named.failure) }
  const world = decodeWorld(fields)
  return world._tag === "Success" ? canonical(world.success) : { problem: String(world.failure) }
}

/**
 * The script that a world's submissions get; `undefined` if their prompts choose.
 *
 * @category getters
 * @since 0.1.0
 */
export const scriptOf = ({ duration: own = usual, script }: World): Script.Script | undefined => {
  if (script === undefined) return undefined
  const { duration, ...others } = Script.success(own)
  return { ...others, ...("phases" in script || duration === undefined ? {} : { duration }), ...script }
}

const isSame = (one: unknown, other: unknown): boolean => written(one) === written(other)

/** A world without what would be the same if it were left out. */
const canonical = ({ duration, script, starts, ...world }: World): World => {
  const { duration: _, phases: __, ...defaults } = Script.success(usual)
  const usualFields = new Map<string, unknown>(Object.entries(defaults))
  const own = Object.entries(script ?? {}).filter(([name, value]) => !isSame(value, usualFields.get(name)))
  return {
    ...world,
    ...(duration === undefined || duration === usual ? {} : { duration }),
    ...(starts === undefined || starts === 0 || world.clock === undefined ? {} : { starts }),
    ...(script === undefined ? {} : { script: Object.fromEntries(own) })
  }
}

/** JSON in which the fields stand in the order of their names: equal values have equal texts. */
const written = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : inner
  )

/**
 * A world as JSON, without what is as usual; a fault that is nothing but its name is written so.
 *
 * @category converting
 * @since 0.1.0
 */
export const toJson = (world: World): Readonly<Record<string, unknown>> => {
  const { script, ...others } = canonical(world)
  if (script === undefined) return others
  const { faults, ...changes } = script
  if (faults === undefined) return { ...others, script: changes }
  return { ...others, script: { ...changes, faults: faults.map((fault) => (Object.keys(fault).length === 1 ? fault.name : fault)) } }
}

/** The first letter says how the rest is written. */
const version = "a"

/** A base URL has to fit into a request line, of which Node takes 16 KiB with all headers. */
const longestToken = 8000

/**
 * A world as a token: `a`, and its JSON as base64url. Equal worlds have equal tokens, and any language can write one.
 *
 * @example
 * ```ts
 * import { World } from "@reelay/mock-server"
 *
 * const token = World.toToken({ provider: "xai", script: { ending: "failed" } })
 * const baseURL = `http://127.0.0.1:8787/r/${token}/v1`
 * ```
 *
 * @category converting
 * @since 0.1.0
 */
export const toToken = (world: World): string => version + Base64Url.encode(written(toJson(world)))

/**
 * The world of a token, or what is wrong with it.
 *
 * @category converting
 * @since 0.1.0
 */
export const fromToken = (token: string, known: Known = {}): World | { readonly problem: string } => {
  if (token.length > longestToken) return { problem: `a token has at most ${longestToken} characters, not ${token.length}` }
  if (!token.startsWith(version)) return { problem: `a token begins with "${version}", and then has a world's JSON as base64url` }
  const decoded = Base64Url.decode(token.slice(1))
  if (decoded._tag === "Failure") return { problem: "the token is not base64url: was it copied whole?" }
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(decoded.success))
  } catch {
    return { problem: "the token holds no JSON: was it copied whole?" }
  }
  return fromJson(json, known)
}

/**
 * How far a world is from a quiet one, in which the first poll sees a success: one step for each fault, each way in which a fault is not as
 * usual, each phase, and each other field that is not as usual. Provider and clock are no steps: they are the client's.
 *
 * @category getters
 * @since 0.1.0
 */
export const steps = (world: World): number => {
  const { clock: _, provider: __, script = {}, starts: ___, ...others } = canonical(world)
  const { advances = "time", faults = [], phases = [], ...changes } = script
  const details = faults.reduce((sum, fault) => sum + Object.keys(fault).length, 0)
  return details + phases.length + (isSame(advances, quiet.advances) ? 0 : 1) + Object.keys(changes).length + Object.keys(others).length
}

const quiet: { readonly advances: { readonly polls: number } } = { advances: { polls: 1 } }

/** How much there is of what counts as one step. */
const amount = ({ script }: World): number => {
  const advances = script?.advances ?? "time"
  const faults = script?.faults ?? []
  return faults.reduce(
    (sum, { byte = 0, requests = {}, retryAfter = 0 }) =>
      Object.values(requests).reduce((all, count) => all + count, sum + byte + retryAfter),
    typeof advances === "object" ? advances.polls : 0
  )
}

const isSmaller = (one: World, other: World): boolean => {
  const difference = steps(one) - steps(other)
  return difference < 0 || (difference === 0 && amount(one) < amount(other))
}

const without = <A>(all: ReadonlyArray<A>, index: number): ReadonlyArray<A> => all.toSpliced(index, 1)

/**
 * The worlds that are one change simpler, the boldest change first: all at once, a fault less, a field as usual, a phase less, fewer polls,
 * a fault as usual, shorter. Each is smaller than the world, so whoever goes from one to the next comes to an end.
 *
 * @category getters
 * @since 0.1.0
 */
export const smaller = (world: World): ReadonlyArray<World> => {
  const { duration: _, script = {}, seed: __, urlTtl: ___, ...setting } = world
  const { advances = "time", faults = [], phases = [] } = script
  const having = (changes: Script.Changes): World => canonical({ ...world, script: { ...script, ...changes } })
  const usualScript = (name: string): Script.Changes => Object.fromEntries(Object.entries(script).filter(([each]) => each !== name))
  const polls = typeof advances === "object" ? advances.polls : 2
  const candidates: ReadonlyArray<World> = [
    canonical({ ...setting, script: quiet }),
    ...faults.map((_fault, index) => having({ faults: without(faults, index) })),
    ...(["ending", "moderation", "shape", "progress", "phases", "duration", "seed"] as const).map((name) =>
      canonical({ ...world, script: usualScript(name) })
    ),
    ...(phases.length < 2 ? [] : phases.map((_phase, index) => having({ phases: without(phases, index) }))),
    ...[1, Math.floor(polls / 2), polls - 1].filter((fewer) => fewer >= 1).map((fewer) => having({ advances: { polls: fewer } })),
    ...faults.flatMap((fault, index) => lighter(fault).map((other) => having({ faults: faults.with(index, other) }))),
    ...(["seed", "urlTtl", "duration"] as const).map((name) => {
      const { [name]: ____, ...rest } = world
      return canonical(rest)
    })
  ]
  return candidates.filter((candidate) => isSmaller(candidate, world))
}

/** A fault with one thing as usual, or less of it. */
const lighter = (fault: Fault.Fault): ReadonlyArray<Fault.Fault> => {
  const { byte, requests, retryAfter, ...others } = fault
  const { byte: _, ...anyByte } = fault
  const { requests: __, ...usualRequests } = fault
  const { retryAfter: ___, ...usualWait } = fault
  return [
    others,
    ...(requests === undefined ? [] : [usualRequests]),
    ...(retryAfter === undefined ? [] : [usualWait, { ...fault, retryAfter: Math.floor(retryAfter / 2) }]),
    ...(byte === undefined ? [] : [anyByte, { ...fault, byte: Math.floor(byte / 2) }]),
    ...(requests !== undefined && "first" in requests && requests.first > 1 ? [{ ...fault, requests: { first: requests.first - 1 } }] : [])
  ]
}
