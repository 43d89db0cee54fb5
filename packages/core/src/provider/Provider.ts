/**
 * The contract of a provider: its wire format as pure functions and tables, and how a caller configures it.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { refuseOptions, type Rule, type Rules, text } from "../request/optionRules.ts"
import { present } from "../base/Text.ts"
import type { InvalidRequest } from "../job/JobError.ts"
import type { JobRef, Kind } from "../job/JobRef.ts"
import type { Answer, Reading, Receipt } from "../job/Reading.ts"
import type { Capability } from "../request/Capability.ts"

/**
 * A request to the provider's API, relative to the base URL.
 *
 * @category models
 * @since 0.1.0
 */
export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "DELETE"
  /** Begins with a slash; parts from outside are percent-encoded. */
  readonly path: string
  readonly body?: Body | undefined
}

/** @category models */
export type Body =
  | { readonly _tag: "Json"; readonly value: unknown }
  | {
      readonly _tag: "Multipart"
      readonly parts: ReadonlyArray<{ readonly name: string; readonly value: string | Blob; readonly filename?: string }>
    }

/**
 * The request that submits, and the kind of job it makes.
 *
 * @category models
 * @since 0.1.0
 */
export interface SubmitCall {
  readonly kind: Kind
  readonly call: Call
  /** Where the provider puts the video itself, if the request asks for that: an address without its signature. */
  readonly deliversTo?: string | undefined
  /** The model and the length in seconds that it asks for. References keep both, so that durations are learned apart. Default: one for all jobs. */
  readonly model?: string | undefined
  readonly seconds?: number | undefined
}

/**
 * How often to poll, from the provider's documents. All in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface PollingPolicy {
  /** From the submission to the first poll. */
  readonly firstDelay: number
  /** From one answer to the next poll. */
  readonly interval: number
  /** Polling more often gains nothing, or is penalised. */
  readonly minInterval: number
  /** From the submission until the watcher stops waiting. */
  readonly deadline: number
}

/**
 * Everything that Reelay knows about a provider. `Request` is what its callers give.
 *
 * @category models
 * @since 0.1.0
 */
export interface Definition<in Request> {
  /** Short, lower case: part of references, paths and environment variables. */
  readonly name: string
  readonly title: string
  /** The vendor's own address: scheme, host and path prefix, without a slash at the end. */
  readonly baseUrl: string
  /**
   * What the paths of this API begin with, its version included, as `/v1/videos`: a base URL that ends in a part of it is refused. Default: none.
   */
  readonly prefix?: string | undefined
  /** Where the vendor documents this API. */
  readonly docs: string
  readonly capabilities: readonly [Capability, ...Array<Capability>]
  readonly polling: PollingPolicy
  /** Checks a request against every documented rule, and encodes it for the wire. */
  readonly submission: (request: Request) => Effect.Effect<SubmitCall, InvalidRequest>
  /** Pure and total: any status and any text give a receipt. */
  readonly receive: (answer: Answer) => Receipt
  readonly poll: (ref: JobRef) => Call
  /** Pure and total: any status and any text give a reading. */
  readonly interpret: (answer: Answer) => Reading
  /** The path of a documented endpoint that serves the finished file, with the key. */
  readonly content?: ((ref: JobRef) => string) | undefined
  /** Absent if the provider documents no way to cancel. */
  readonly cancel?: ((ref: JobRef) => Call) | undefined
}

/**
 * A configured provider: with a key and an address.
 *
 * @category models
 * @since 0.1.0
 */
export interface Provider<in Request> {
  readonly definition: Definition<Request>
  readonly baseUrl: string
  readonly apiKey: Redacted.Redacted
  readonly account?: string | undefined
  readonly headers?: Readonly<Record<string, Redacted.Redacted>> | undefined
  readonly userAgent?: string | undefined
  /** What is wrong with the options that it was made from: every use of it fails with that, before anything is sent. */
  readonly invalid?: InvalidRequest | undefined
}

/**
 * How to reach a provider.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** Sent as a bearer token, and to this API's own origin only. */
  readonly apiKey: string | Redacted.Redacted
  /** Scheme, host and path prefix of a proxy, gateway or mock. Default: the vendor's own. */
  readonly baseUrl?: string | undefined
  /** A name for the account, kept in references. Default: a fingerprint of the key. */
  readonly account?: string | undefined
  /**
   * More headers, for a gateway or proxy that requires them. They go where the key goes: to this API's own origin, never to another,
   * and no error or log shows their values. Those that Reelay sets itself, such as `authorization` or `content-type`, are refused
   * with `InvalidRequest`. Default: none.
   */
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted>> | undefined
  /** The `user-agent` of every request. A browser sends its own instead. Default: `reelay/<version>`. */
  readonly userAgent?: string | undefined
}

/**
 * Makes the function that a provider package exports. It never throws: options that can't be used are reported by whatever uses the provider, so
 * that a module which makes one from an unset variable still loads.
 *
 * @category constructors
 * @since 0.1.0
 */
export const configure =
  <Request>(definition: Definition<Request>) =>
  (options: Options): Provider<Request> => {
    const invalid = refuseOptions(options ?? {}, rules)
    if (invalid !== undefined) return { definition, baseUrl: definition.baseUrl, apiKey: Redacted.make(""), invalid }
    const { account, apiKey, baseUrl, headers, userAgent } = options ?? {}
    return {
      definition,
      baseUrl: (baseUrl ?? definition.baseUrl).trim().replace(/\/+$/u, ""),
      apiKey: Redacted.make((Redacted.isRedacted(apiKey) ? Redacted.value(apiKey) : (apiKey ?? "")).trim()),
      account,
      headers: redacted(headers ?? {}),
      userAgent
    }
  }

const isText = (value: unknown): boolean => typeof (Redacted.isRedacted(value) ? Redacted.value(value) : value) === "string"

const headersRule: Rule = (value) => {
  // A `Headers` has no entries of its own: its headers would be left out in silence.
  if (typeof value !== "object" || value === null || ![Object.prototype, null].includes(Object.getPrototypeOf(value)))
    return "must be an object of names and values"
  const wrong = Object.entries(value).find(([, each]) => !isText(each))
  return wrong === undefined ? undefined : `have no text for ${present(wrong[0])}`
}

const string: Rule = (value) => (typeof value === "string" ? undefined : "must be a text")

const rules: Rules<Options> = {
  // That it is missing is found when it is used, as is a base URL that can't be one.
  apiKey: (value) => (value === null || isText(value) ? undefined : "must be a text"),
  baseUrl: string,
  account: text,
  headers: headersRule,
  userAgent: string
}

const redacted = (headers: NonNullable<Options["headers"]>): Readonly<Record<string, Redacted.Redacted>> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? Redacted.make(value) : value]))
