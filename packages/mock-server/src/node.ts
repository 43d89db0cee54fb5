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
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { Readable } from "node:stream"
import * as Guard from "./guard.ts"
import { type Delivery, wire } from "./internal/delivery.ts"
import * as Mock from "./Mock.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface ServeOptions extends Mock.Options {
  /** 0 takes a free one. Default 0. */
  readonly port?: number
  /** The address to listen on. Default 127.0.0.1: this machine only. */
  readonly host?: string
  /** Milliseconds since the epoch. Default: the real clock. */
  readonly now?: () => number
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

/** A body that is refused is read on without being kept, so that the client can finish and see the answer; up to this many bytes. */
const drainLimit = 256 * 1024 * 1024

const headersOf = ({ rawHeaders }: IncomingMessage): Headers => {
  const headers = new Headers()
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) headers.append(rawHeaders[index] ?? "", rawHeaders[index + 1] ?? "")
  return headers
}

/** The address that the client used; that of the server where its Host header is none. */
const urlOf = ({ url = "/", headers }: IncomingMessage, fallback: string): URL => {
  const target = url.startsWith("/") ? url : `${URL.parse(url)?.pathname ?? "/"}${URL.parse(url)?.search ?? ""}`
  return URL.parse(`http://${headers.host ?? ""}${target}`) ?? new URL(`${fallback}${target}`)
}

const toRequest = (incoming: IncomingMessage, fallback: string): Request => {
  const method = incoming.method ?? "GET"
  const headers = headersOf(incoming)
  const url = urlOf(incoming, fallback)
  if (method === "GET" || method === "HEAD") return new Request(url, { method, headers })
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Node's and the DOM's types of the same stream differ.
  const body = Readable.toWeb(incoming) as unknown as ReadableStream<Uint8Array>
  const init: RequestInit & { readonly duplex: "half" } = { method, headers, body, duplex: "half" }
  return new Request(url, init)
}

/** Waits until the client has sent its whole body, of which nothing is kept. */
const drain = (incoming: IncomingMessage): Promise<void> =>
  new Promise((resolve) => {
    let size = 0
    const count = (chunk: Uint8Array): void => {
      size += chunk.byteLength
      if (size > drainLimit) incoming.destroy()
    }
    if (incoming.complete || incoming.destroyed) return resolve()
    // The web stream of the body would go on collecting.
    incoming.removeAllListeners("data")
    incoming.on("data", count).once("end", resolve).once("close", resolve)
    incoming.resume()
  })

/** What the web's Request refuses: a method like TRACE, or a header with odd bytes. */
const malformed: Delivery = { answer: { status: 400, body: { error: "The request is malformed" } } }

/** Bytes, once the system has them: what is destroyed before is not sent. */
const written = (outgoing: ServerResponse, bytes: Uint8Array): Promise<void> =>
  new Promise((resolve) => (bytes.byteLength === 0 ? resolve() : outgoing.write(bytes, () => resolve())))

/** Ends a connection as a fault has it. One that stalls stays as it is until the client leaves. */
const breakOff = (socket: Socket, by: "drop" | "reset" | "stall"): void => {
  if (by === "drop") socket.end()
  else if (by === "reset") socket.resetAndDestroy()
}

/** The first half of an answer's head, past its status line. */
const halfAHead = (status: number, headers: Headers): string => {
  const head = [`HTTP/1.1 ${status} Whatever`, ...Array.from(headers, ([name, value]) => `${name}: ${value}`)].join("\r\n")
  return head.slice(0, head.length - 10)
}

const reply = async (mock: Mock.Mock, incoming: IncomingMessage, outgoing: ServerResponse, fallback: string): Promise<void> => {
  const method = incoming.method ?? "GET"
  let delivery: Delivery
  try {
    delivery = await mock.deliver(toRequest(incoming, fallback), "socket")
  } catch {
    delivery = malformed
  }
  const { answer, cut, stream } = delivery
  const { socket } = incoming
  if (outgoing.destroyed) return stream?.cancel()
  if (stream !== undefined) return flow(answer, stream, outgoing)
  if (cut?.at === "start") return breakOff(socket, cut.by)
  const { bytes, headers, status } = wire(answer, method)
  if (cut?.at === "headers") {
    socket.write(halfAHead(status, headers), () => breakOff(socket, cut.by))
    return
  }
  const unread = !incoming.complete
  outgoing.writeHead(status, { ...Object.fromEntries(headers), ...(unread ? { connection: "close" } : {}) })
  if (cut?.at === "body") {
    outgoing.flushHeaders()
    await written(outgoing, bytes.slice(0, cut.byte))
    return breakOff(socket, cut.by)
  }
  await written(outgoing, bytes)
  if (unread) await drain(incoming)
  outgoing.end(() => {
    if (cut !== undefined) breakOff(socket, cut.by)
  })
}

/** Sends a body as it comes, until it ends or the client leaves. */
const flow = async (
  { headers, status }: Delivery["answer"],
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  outgoing: ServerResponse
): Promise<void> => {
  const reader = stream.getReader()
  outgoing.once("close", () => {
    reader.cancel().catch(ignore)
  })
  outgoing.writeHead(status, { ...headers })
  outgoing.flushHeaders()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    await written(outgoing, value)
  }
  outgoing.end()
}

const listen = (server: HttpServer, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, host, () => {
      server.off("error", reject)
      resolve()
    })
  })

/**
 * Serves the mock over HTTP. Rejects with Node's error where the port can't be had, as with code `EADDRINUSE`.
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
export const serve = async ({ port = 0, host = "127.0.0.1", now, ...options }: ServeOptions = {}): Promise<MockServer> => {
  const mock = now === undefined ? Effect.runSync(Mock.fromClock(options)) : Mock.make({ ...options, now })
  let url = ""
  const server = createServer((incoming, outgoing) => {
    // A client that hangs up is no error of the server's.
    incoming.on("error", ignore)
    outgoing.on("error", ignore)
    reply(mock, incoming, outgoing, url).catch(() => outgoing.destroy())
  })
  server.on("clientError", (_, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    else socket.destroy()
  })
  await listen(server, port, host)
  const address = server.address()
  const actual = typeof address === "object" && address !== null ? address.port : port
  url = `http://${host.includes(":") ? `[${host}]` : host}:${actual}`
  return { url, mock, close: () => close(server) }
}

const ignore = (): void => undefined

const close = (server: HttpServer): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

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
          Effect.sync(() => Guard.install()),
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
