/** From Node's request and response to the web's, and back: streams stay streams, and leaving is seen on both sides. */
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Relay } from "../createRelay.ts"

/**
 * A request of Node's; Express adds the path before it was mounted, and perhaps a body that it has read.
 *
 * @category models
 * @since 0.1.0
 */
export type NodeRequest = IncomingMessage & { readonly originalUrl?: string; readonly body?: unknown }

/** @category models */
export type Listener = (request: NodeRequest, response: ServerResponse) => void

/**
 * A relay as a listener of `node:http`, and as a handler of Express: `app.use("/api/video", listener(relay))`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const listener =
  (relay: Relay["fetch"]): Listener =>
  (incoming, outgoing) => {
    const gone = new AbortController()
    outgoing.on("close", () => gone.abort())
    // A socket that breaks has nobody left to tell.
    outgoing.on("error", () => gone.abort())
    const request = requestOf(incoming, gone.signal)
    if (request === undefined) {
      outgoing.writeHead(400, { "content-type": "text/plain" }).end("The request's address is invalid.\n")
      return
    }
    relay(request)
      .then((response) => send(response, outgoing, gone.signal))
      .catch(() => outgoing.destroy())
  }

/** `undefined` if its address is none. The path is taken as it is: `//host/jobs` does not name another host. */
const requestOf = (incoming: NodeRequest, signal: AbortSignal): Request | undefined => {
  const path = incoming.originalUrl ?? incoming.url ?? "/"
  const host = incoming.headers.host ?? "localhost"
  const base = /^[\w.:[\]-]+$/u.test(host) ? host : "localhost"
  if (!path.startsWith("/") || !URL.canParse(`http://${base}${path}`)) return undefined
  const { method = "GET" } = incoming
  const headers = new Headers()
  for (let at = 0; at + 1 < incoming.rawHeaders.length; at += 2) {
    const [name = "", value = ""] = incoming.rawHeaders.slice(at, at + 2)
    // HTTP/2's own fields are no headers.
    if (!name.startsWith(":")) headers.append(name, value)
  }
  const init = { method, headers, signal }
  if (method === "GET" || method === "HEAD") return new Request(`http://${base}${path}`, init)
  return new Request(`http://${base}${path}`, { ...init, ...bodyOf(incoming) })
}

const bodyOf = (incoming: NodeRequest): RequestInit & { readonly duplex?: "half" } => {
  // A body parser that came first has read it.
  if (incoming.readableEnded && incoming.body !== undefined) {
    return { body: typeof incoming.body === "string" ? incoming.body : JSON.stringify(incoming.body) }
  }
  const chunks: AsyncIterator<Uint8Array> = incoming[Symbol.asyncIterator]()
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      pull: async (controller) => {
        const { done, value } = await chunks.next()
        if (done === true) controller.close()
        else controller.enqueue(new Uint8Array(value))
      },
      // Its iterator would close the socket, and with it the way for the answer.
      cancel: () => void incoming.pause()
    },
    { highWaterMark: 0 }
  )
  return { body, duplex: "half" }
}

const send = async (response: Response, outgoing: ServerResponse, gone: AbortSignal): Promise<void> => {
  const headers = Array.from(response.headers).filter(([name]) => name !== "set-cookie")
  // The rest of a body that is too large is read by nobody.
  if (response.status === 413 && outgoing.req.httpVersionMajor < 2) headers.push(["connection", "close"])
  outgoing.writeHead(response.status, [...headers, ...response.headers.getSetCookie().map((value) => ["set-cookie", value])].flat())
  if (response.body === null) {
    outgoing.end()
    return
  }
  const reader = response.body.getReader()
  const leave = (): void => void reader.cancel().catch(() => undefined)
  if (gone.aborted) return leave()
  gone.addEventListener("abort", leave, { once: true })
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    if (!outgoing.write(value) && !gone.aborted) await drained(outgoing, gone)
    if (gone.aborted) return
  }
  gone.removeEventListener("abort", leave)
  outgoing.end()
}

const drained = (outgoing: ServerResponse, gone: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const over = (): void => {
      outgoing.off("drain", over)
      gone.removeEventListener("abort", over)
      resolve()
    }
    outgoing.once("drain", over)
    gone.addEventListener("abort", over, { once: true })
  })
