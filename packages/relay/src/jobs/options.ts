/** What a relay is made from. */
import type { Limits as AccountLimits, Journal, Provider, VideoRequest } from "@reelay/core"
import type { WatchOptions } from "@reelay/core/Job"
import type { LogLevel } from "@reelay/core/promise"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Layer from "effect/Layer"
import type { Authorize } from "../access/authorize.ts"

/**
 * What one user may do. Times are milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Limits {
  /** Submissions of a user within a minute. Default: 10. */
  readonly submissionsPerMinute?: number | undefined
  /** All requests of a user within a minute. Default: 600. */
  readonly requestsPerMinute?: number | undefined
  /** Unfinished jobs of a user. Default: 10. */
  readonly jobs?: number | undefined
  /** Open event streams of a user. Default: 16. */
  readonly streams?: number | undefined
  /** Open event streams of all users. Default: 10,000. */
  readonly allStreams?: number | undefined
  /** Bytes of a request's body; images as data count. Default: 8 MiB. */
  readonly requestBytes?: number | undefined
  /** Between two comments on a quiet stream. Default: 15 seconds. */
  readonly heartbeat?: number | undefined
  /** How long a stream may take no byte until it is closed. Default: 30 seconds. */
  readonly slowReader?: number | undefined
  /** How long a stream lives until it must be authorized anew; clients reconnect by themselves. Default: 1 hour. */
  readonly streamAge?: number | undefined
}

/**
 * How the finished video is sent.
 *
 * @category models
 * @since 0.1.0
 */
export interface Artifacts {
  /** The largest video to pass on, in bytes. Default: 2 GiB. */
  readonly maxBytes?: number | undefined
  /** Allows a link of a public API to lead into a private network. Default: false. */
  readonly allowPrivateAddresses?: boolean | undefined
  /** Shows the provider's own links to the browser, signatures included. Default: false, the video comes through the relay. */
  readonly links?: boolean | undefined
}

/**
 * What a relay is made from.
 *
 * @category models
 * @since 0.1.0
 */
export interface RelayOptions {
  /** With their keys. The first is the default of a request that names none. */
  readonly providers: readonly [Provider.Provider<VideoRequest.VideoRequest>, ...Array<Provider.Provider<VideoRequest.VideoRequest>>]
  /** Names the user who asks. Required: without it everybody could spend your money. */
  readonly authorize: Authorize
  /**
   * Remembers jobs and Idempotency-Keys, so that a restart neither loses nor pays: `FileJournal.make(folder)`, or a layer such as
   * `KeyValueJournal.layerSql()` over a database, which several instances may share. Default: memory, which a restart forgets.
   */
  readonly journal?: Journal.Journal["Service"] | Layer.Layer<Journal.Journal> | undefined
  /**
   * Seals the names of jobs. Instances that share it know each other's jobs, and changing it makes all names invalid. Give 32 random bytes or more.
   * Default: made from the providers' keys, so that names last until a key changes.
   */
  readonly secret?: string | undefined
  /** The path that the routes stand under, such as `/api/video`. Default: any. */
  readonly basePath?: string | undefined
  /**
   * The fields of a request that a user may set; `options.<name>` is a provider's own. Those that would send the account's video elsewhere
   * (`options.uploadUrl`, `options.storage`, `options.user`) can't be allowed. Default: prompt, model, duration, aspectRatio, resolution and images.
   */
  readonly allow?: ReadonlyArray<string> | undefined
  readonly limits?: Limits | undefined
  readonly artifacts?: Artifacts | undefined
  /** Origins of other pages that may use the relay, such as `https://app.example.com`. Default: none, there is no CORS. */
  readonly origins?: ReadonlyArray<string> | undefined
  /** How jobs are watched. */
  readonly watch?: Omit<WatchOptions, "raw"> | undefined
  /** Limits that the jobs of a provider's account share. Default: `Limits.memory()`. */
  readonly accountLimits?: AccountLimits.Limits | undefined
  /** The `fetch` to ask providers with. Default: the platform's. */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** The transport instead of `fetch`; `@reelay/relay/node` brings one. */
  readonly transport?: Layer.Layer<HttpClient.HttpClient> | undefined
  /** The lowest level that is logged to the console. Default: `warning`. */
  readonly logLevel?: LogLevel | undefined
  /** Called with what went wrong on the server's side, which the user is not told. Default: it is logged. */
  readonly onError?: ((error: unknown) => void) | undefined
}
