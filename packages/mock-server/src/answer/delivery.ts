/**
 * How an answer reaches the client: whole, or not. A host does what is written here, or refuses the fault that would need it.
 */
import type { Answer } from "./Answer.ts"
import { captivePage, proxyError } from "./pages.ts"

/**
 * Where on its way a request breaks. `unreceived`: before the API has it. `unaccepted`: the API has it, and has not done what it asks.
 * `accepted`: it is done, and the answer is lost whole. `headers`: in the midst of the answer's head. `body`: after so many bytes of its body.
 * `answered`: after the whole answer.
 */
export type Point = "unreceived" | "unaccepted" | "accepted" | "headers" | "body" | "answered"

/**
 * How it breaks. `drop`: the connection is closed. `reset`: it is reset. `stall`: nothing more comes, and nothing ends. `5xx`: a proxy says
 * that its server is gone. `html`: a page with HTTP 200, as of a captive portal.
 */
export type Means = "drop" | "reset" | "stall" | "5xx" | "html"

/** Where the answer breaks off, and how. `start`: nothing of it is sent. `end`: all of it is. */
export interface Cut {
  readonly at: "start" | "headers" | "body" | "end"
  readonly by: "drop" | "reset" | "stall"
  /** Of `body`: how many bytes of it are sent. */
  readonly byte: number
}

export interface Delivery {
  readonly answer: Answer
  readonly cut?: Cut
  /** A body that comes bit by bit, in place of the answer's. */
  readonly stream?: ReadableStream<Uint8Array<ArrayBuffer>>
}

const places = { unreceived: "start", unaccepted: "start", accepted: "start", headers: "headers", body: "body", answered: "end" } as const

/** What a cell of the grid makes of an answer. `byte` absent: the middle of the body. A body that is no longer than that comes whole. */
export const broken = (
  { means, point }: { readonly means: Means; readonly point: Point },
  answer: Answer,
  byte: number | undefined
): Delivery => {
  switch (means) {
    case "5xx":
      return { answer: proxyError(502) }
    case "html":
      return { answer: captivePage }
    case "drop":
    case "reset":
    case "stall": {
      const size = encode(answer.body)[0].byteLength
      const at = byte ?? Math.floor(size / 2)
      return point === "body" && at >= size ? { answer } : { answer, cut: { at: places[point], by: means, byte: at } }
    }
  }
}

/** The bytes of a body, and the content type that they have if none is said. */
export const encode = (body: unknown): readonly [Uint8Array<ArrayBuffer>, string | undefined] => {
  if (body === undefined) return [new Uint8Array(), undefined]
  if (typeof body === "string") return [new TextEncoder().encode(body), "text/plain; charset=utf-8"]
  if (body instanceof Uint8Array) return [Uint8Array.from(body), "application/octet-stream"]
  return [new TextEncoder().encode(JSON.stringify(body)), "application/json; charset=utf-8"]
}

/** An answer as what goes over a connection: to HEAD the same headers, and no body. */
export const wire = ({ body, headers, status }: Answer, method: string) => {
  const [bytes, type] = encode(body)
  const all = new Headers(headers)
  if (type !== undefined && !all.has("content-type")) all.set("content-type", type)
  if (!all.has("content-length")) all.set("content-length", String(bytes.byteLength))
  return { status, headers: all, bytes: method === "HEAD" ? new Uint8Array() : bytes }
}
