/** Servers that misbehave, byte by byte. */
import { createServer, type Socket } from "node:net"
import { later } from "./sockets.ts"

/** How one request is treated. */
export type Trick = (socket: Socket) => void

const answer =
  (status: number, body: string, type = "application/json"): Trick =>
  (socket) =>
    void socket.end(
      `HTTP/1.1 ${status} Whatever\r\nContent-Type: ${type}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
    )

const cut =
  (bytes: string): Trick =>
  (socket) =>
    void socket.write(bytes, () => socket.resetAndDestroy())

const success = '{"status":"done","video":{"url":"https://cdn.test/x.mp4","duration":6}'

/** Each of these says nothing about a job. */
export const tricks = {
  "resets after the request": (socket: Socket) => void socket.resetAndDestroy(),
  "closes after the request": (socket: Socket) => void socket.end(),
  "resets in the middle of the headers": cut("HTTP/1.1 200 OK\r\nContent-Ty"),
  "resets in the middle of the body": cut(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n${success}`),
  "closes in the middle of a chunk": cut(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n${success}`),
  "answers with a page and 200": answer(200, "<html><body>done, succeeded, completed</body></html>", "text/html"),
  "answers with truncated JSON": answer(200, success),
  "answers with nothing": answer(200, ""),
  "answers with a text": answer(200, "done"),
  "answers with more than a mebibyte": answer(200, `${success},"padding":"${"x".repeat(1_200_000)}"}`),
  "answers with garbage instead of HTTP": (socket: Socket) => void socket.end("\u0000\u0001SSH-2.0-OpenSSH_9.6\r\n\r\n"),
  "answers with 503": answer(503, '{"error":{"message":"overloaded"}}'),
  "answers with 429": answer(429, "{}"),
  "answers with a success that names no video": answer(200, '{"status":"done","video":{"url":""}}')
} as const satisfies Record<string, Trick>

/** xAI's form of a success, for a hostile server that recovers. */
export const honest = answer(200, `${success}}`)
export const accepted = answer(200, '{"request_id":"job-1"}')
export const json = (status: number, body: unknown): Trick => answer(status, JSON.stringify(body))

export interface Hostile {
  readonly url: string
  readonly requests: ReadonlyArray<string>
}

/** A server on its own port. `trick` chooses by the request line and by the number of earlier requests with the same method. */
export const hostile = async (trick: (line: string, before: number) => Trick): Promise<Hostile> => {
  const requests: Array<string> = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let seen = ""
    let done = false
    socket.on("error", () => undefined)
    socket.on("close", () => sockets.delete(socket))
    socket.on("data", (chunk) => {
      seen += chunk.toString("latin1")
      const end = seen.indexOf("\r\n\r\n")
      const length = Number(/content-length: (\d+)/iu.exec(seen)?.[1] ?? 0)
      if (done || end < 0 || seen.length < end + 4 + length) return
      done = true
      const line = seen.slice(0, seen.indexOf("\r\n"))
      const method = line.split(" ")[0] ?? ""
      const before = requests.filter((each) => each.startsWith(method)).length
      requests.push(line)
      trick(line, before)(socket)
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve)
  })
  later(
    () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(resolve)
      })
  )
  const address = server.address()
  return { url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`, requests }
}
