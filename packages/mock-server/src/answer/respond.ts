import type { Delivery } from "./delivery.ts"
import { wire } from "./delivery.ts"

/** The first bytes of a body, after which it fails, or never ends. */
const torn = (bytes: Uint8Array<ArrayBuffer>, by: "drop" | "stall"): ReadableStream<Uint8Array<ArrayBuffer>> =>
  new ReadableStream({
    pull: (controller) => {
      if (bytes.byteLength > 0) {
        controller.enqueue(bytes)
        bytes = new Uint8Array()
      } else if (by === "drop") controller.error(new TypeError("terminated"))
      else return new Promise(() => undefined)
      return undefined
    }
  })

/**
 * A delivery as a Response: `Response.error()` if the connection breaks before it, and a promise that stays open until the request is
 * aborted if nothing comes. What only a socket can show never gets here: such a fault is refused when it is asked for.
 */
export const respond = ({ answer, cut, stream }: Delivery, { method, signal }: Request): Promise<Response> => {
  if (stream !== undefined) return Promise.resolve(new Response(stream, { status: answer.status, headers: { ...answer.headers } }))
  const { bytes, headers, status } = wire(answer, method)
  if (cut?.at === "start") {
    if (cut.by === "drop") return Promise.resolve(Response.error())
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }))
  }
  if (cut?.at === "body" && cut.by !== "reset" && method !== "HEAD") {
    return Promise.resolve(new Response(torn(bytes.slice(0, cut.byte), cut.by), { status, headers }))
  }
  return Promise.resolve(new Response(bytes.byteLength === 0 ? null : bytes, { status, headers }))
}
