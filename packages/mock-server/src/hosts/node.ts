/**
 * The mock on a port of this machine.
 *
 * @since 0.1.0
 */
import * as EffectClock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Mock from "../mock/Mock.ts"
import * as Script from "../script/Script.ts"
import * as Guard from "./guard.ts"
import { type Latency, open } from "./socket.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface ServeOptions extends Mock.Options {
  /** 0 takes a free one. Default: 0. */
  readonly port?: number
  /** The address to listen on. Default: 127.0.0.1, this machine only. */
  readonly host?: string
  /** Milliseconds since the epoch. Default: the real clock. */
  readonly now?: () => number
  /**
   * How long each request to a provider takes before it arrives: milliseconds of the machine's time, whatever the mock's does, or a length that is
   * drawn for each from the seed. A submission arrives even if its client has left meanwhile; a question does not. Default: no time.
   */
  readonly latency?: Script.Length
}

/**
 * @category models
 * @since 0.1.0
 */
export interface MockServer {
  /** As in `http://127.0.0.1:8787`; the base URL of a provider is this, a slash and its name. */
  readonly url: string
  readonly mock: Mock.Mock
  /** Closes the port and every connection, stalled ones too. */
  readonly close: () => Promise<void>
}

/** The mock's own routes take no time: they are no network's. */
const latencyOf = (length: Script.Length | undefined, seed: Mock.Options["seed"] = "reelay"): Latency => {
  let count = 0
  return (request) => {
    if (length === undefined || new URL(request.url).pathname.includes("/__mock/")) return 0
    count += 1
    return Script.lengthOf(length, `latency ${seed} ${count}`)
  }
}

/**
 * Serves the mock over HTTP. Rejects with Node's error if the port can't be had, as with code `EADDRINUSE`.
 *
 * @example
 * ```ts
 * import { serve } from "@reelay/mock-server/node"
 *
 * const { url, mock, close } = await serve({ duration: 500 })
 * // … a client with base URL `${url}/xai` …
 * mock.journal.filter(({ route }) => route === "submit").length
 * await close()
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const serve = async ({ port = 0, host = "127.0.0.1", now, latency, ...options }: ServeOptions = {}): Promise<MockServer> => {
  const mock = now === undefined ? Effect.runSync(Mock.fromClock(options)) : Mock.make({ ...options, now })
  const { close, url } = await open((request) => mock.deliver(request, "socket"), port, host, latencyOf(latency, options.seed))
  return { url, mock, close }
}

/**
 * A mock that is served for as long as a scope is open; `layer` makes it.
 *
 * @category services
 * @since 0.1.0
 */
export class Server extends Context.Service<Server, Pick<MockServer, "url" | "mock">>()("@reelay/mock-server/Server") {}

/**
 * The mock could not be served: its port is busy, mostly. `cause` is Node's error.
 *
 * @category errors
 * @since 0.1.0
 */
export class ServeError extends Data.TaggedError("ServeError")<{
  readonly host: string
  readonly port: number
  readonly cause: unknown
}> {
  override get message(): string {
    const why = this.cause instanceof Error ? this.cause.message : String(this.cause)
    return `The mock could not be served on ${this.host}, port ${this.port}: ${why}. Port 0 takes a free one.`
  }
}

/**
 * @category models
 * @since 0.1.0
 */
export interface LayerOptions extends ServeOptions {
  /** Without it, a request of this process to a real provider's host is an error while the mock is served: see `@reelay/mock-server/guard`. */
  readonly allowRealHosts?: boolean
}

/**
 * The mock on a port as a Layer: closed with the scope, its time that of the Effect's Clock, and real providers out of reach meanwhile.
 *
 * **Example** (A test against a mock of its own)
 *
 * ```ts
 * import * as MockServer from "@reelay/mock-server/node"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function* () {
 *   const { mock, url } = yield* MockServer.Server
 *   // … a client with base URL `${url}/xai` …
 *   return mock.journal.length
 * }).pipe(Effect.provide(MockServer.layer({ duration: 500 })))
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = ({ allowRealHosts = false, ...options }: LayerOptions = {}): Layer.Layer<Server, ServeError> =>
  Layer.effect(
    Server,
    Effect.gen(function* () {
      const clock = yield* EffectClock.Clock
      const { host = "127.0.0.1", port = 0 } = options
      if (!allowRealHosts) {
        yield* Effect.acquireRelease(
          Effect.sync(() => Guard.install(options)),
          (guard) => Effect.sync(guard.uninstall)
        )
        yield* Effect.promise(() => Guard.selfTest())
      }
      const start = Effect.tryPromise({
        try: () => serve({ now: () => clock.currentTimeMillisUnsafe(), ...options }),
        catch: (cause) => new ServeError({ host, port, cause })
      })
      return yield* Effect.acquireRelease(start, (server) => Effect.promise(server.close))
    })
  )
