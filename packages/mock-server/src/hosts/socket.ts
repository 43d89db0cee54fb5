/** A function from Request to Delivery on a port of this machine. */
import { createServer, type IncomingMessage, STATUS_CODES, type Server as HttpServer, type ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { Readable } from "node:stream"
import { setTimeout as sleep } from "node:timers/promises"
import { type Delivery, wire } from "../answer/delivery.ts"

export type Deliver = (request: Request) => Promise<Delivery>

export interface Opened {
  /** As in `http://127.0.0.1:8787`. */
  readonly url: string
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

/** The address that the client used; that of the server if its Host header isn't one. */
const urlOf = ({ url = "/", headers }: IncomingMessage, fallback: string): URL => {
  const target = url.startsWith("/") ? url : `${URL.parse(url)?.pathname ?? "/"}${URL.parse(url)?.search ?? ""}`
  const host = headers.host ?? ""
  return (host === "" ? null : URL.parse(`http://${host}${target}`)) ?? new URL(`${fallback}${target}`)
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
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Unknown"}`,
    ...Array.from(headers, ([name, value]) => `${name}: ${value}`)
  ].join("\r\n")
  return head.slice(0, head.length - 10)
}

/** How long a request takes on its way, in milliseconds. */
export type Latency = (request: Request) => number

/** Waits so long, or until the client has left. */
const pause = async (millis: number, outgoing: ServerResponse): Promise<void> => {
  const left = new AbortController()
  const leave = (): void => left.abort()
  outgoing.once("close", leave)
  await sleep(millis, undefined, { signal: left.signal }).catch(ignore)
  outgoing.off("close", leave)
}

const reply = async (
  deliver: Deliver,
  latency: Latency,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fallback: string
): Promise<void> => {
  const method = incoming.method ?? "GET"
  let delivery: Delivery
  try {
    const request = toRequest(incoming, fallback)
    const wait = latency(request)
    if (wait > 0) await pause(wait, outgoing)
    // A submission was on its way, and arrives without its sender: that is what its sender can't know. Of a question nothing is left to be told.
    if (outgoing.destroyed && method !== "POST") return
    delivery = await deliver(request)
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

/** Listens on a port; 0 takes a free one. Rejects with Node's error if it can't be had. */
export const open = async (deliver: Deliver, port: number, host: string, latency: Latency = () => 0): Promise<Opened> => {
  let url = ""
  const server = createServer((incoming, outgoing) => {
    // A client that hangs up is no error of the server's.
    incoming.on("error", ignore)
    outgoing.on("error", ignore)
    reply(deliver, latency, incoming, outgoing, url).catch(() => outgoing.destroy())
  })
  server.on("clientError", (_, socket) => {
    if (socket.writable) socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    else socket.destroy()
  })
  await listen(server, port, host)
  const address = server.address()
  const actual = typeof address === "object" && address !== null ? address.port : port
  url = `http://${host.includes(":") ? `[${host}]` : host}:${actual}`
  return { url, close: () => close(server) }
}

const ignore = (): void => undefined

const close = (server: HttpServer): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
