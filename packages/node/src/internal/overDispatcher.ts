/** The transport over undici's `dispatch`: one object for a request, and no stream. */
import type { Dispatcher } from "@effect/platform-node/Undici"
import { Transport } from "@reelay/core"
import { isUtf8 } from "node:buffer"
import { unknownCodings } from "./undoing.ts"

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler["onResponseStart"]>>[2]
type Controller = Dispatcher.DispatchController

/**
 * Sends by a dispatcher that undoes content codings. `capacity` is how many connections it has to one origin. Interim answers (103) are skipped,
 * redirects are not followed, and undici's own timeouts are off.
 */
export const overDispatcher = (dispatcher: Dispatcher, capacity: number): Transport.Transport => {
  // The dispatcher may be a proxy, which is asked for its method once.
  const dispatch = dispatcher.dispatch.bind(dispatcher)
  return {
    capacity,
    send: (request, done) => {
      const exchange = new Exchange(request, done)
      try {
        const { body, headers, method, url } = request
        const { origin, pathname, search } = new URL(url)
        dispatch(
          { method, origin, path: pathname + search, headers: { ...headers }, body: body ?? null, headersTimeout: 0, bodyTimeout: 0 },
          exchange
        )
      } catch (error) {
        exchange.refused(error)
      }
      exchange.returned()
      return exchange.leave
    }
  }
}

/** Why a request is aborted: nobody waits for it, or the rest of its answer. */
const unwanted = new Error("the rest is not wanted")

class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: Transport.Outgoing
  readonly #done: (outcome: Transport.Incoming | Transport.NoAnswer) => void
  #controller: Controller | undefined = undefined
  /** The connection is there, and the first byte goes next. */
  #begun = false
  #over = false
  /** What there is to tell once `send` has returned. */
  #early: Transport.Incoming | Transport.NoAnswer | undefined = undefined
  #returned = false
  #status = 0
  #headers: Headers = {}
  #chunks: Array<Buffer> = []
  #room = Transport.bodyLimit

  constructor(request: Transport.Outgoing, done: (outcome: Transport.Incoming | Transport.NoAnswer) => void) {
    this.#request = request
    this.#done = done
  }

  readonly leave = (): void => {
    if (this.#over && this.#early === undefined) return
    this.#over = true
    this.#early = undefined
    this.#chunks = []
    this.#controller?.abort(unwanted)
  }

  refused(error: unknown): void {
    this.#fail(error)
  }

  returned(): void {
    this.#returned = true
    if (this.#early === undefined) return
    queueMicrotask(() => {
      const early = this.#early
      this.#early = undefined
      if (early !== undefined) this.#done(early)
    })
  }

  onRequestStart(controller: Controller): void {
    // It may have been left while it waited for a connection: then nothing is sent.
    if (this.#over) return controller.abort(unwanted)
    this.#begun = true
    this.#controller = controller
  }

  /** Interim answers (103) come first, and the last one stands. */
  onResponseStart(controller: Controller, status: number, headers: Headers): void {
    this.#controller = controller
    this.#status = status
    this.#headers = headers
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#over) return
    this.#chunks.push(chunk.byteLength > this.#room ? chunk.subarray(0, this.#room) : chunk)
    this.#room -= chunk.byteLength
    if (this.#room > 0) return
    this.#answered()
    controller.abort(unwanted)
  }

  onResponseEnd(): void {
    this.#answered()
  }

  onResponseError(_controller: Controller | null, error: Error): void {
    this.#fail(error)
  }

  #answered(): void {
    const bytes = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks)
    const unknown = unknownCodings(this.#headers["content-encoding"])
    // Some servers name a coding that is none, such as utf-8.
    if (bytes !== undefined && unknown.length > 0 && !isUtf8(bytes)) {
      return this.#fail(new Error(`the body is in the content coding ${unknown.join(", ")}, which can't be undone here`))
    }
    this.#tell({ _tag: "Incoming", status: this.#status, headers: joined(this.#headers), body: bytes === undefined ? "" : textOf(bytes) })
  }

  #fail(error: unknown): void {
    if (!this.#over) this.#tell(Transport.failed(this.#request, error, this.#begun ? "by its proxy" : "surely"))
  }

  #tell(outcome: Transport.Incoming | Transport.NoAnswer): void {
    if (this.#over) return
    this.#over = true
    this.#chunks = []
    if (this.#returned) this.#done(outcome)
    else this.#early = outcome
  }
}

/** Without a byte order mark, as `TextDecoder` has it. */
const textOf = (bytes: Buffer): string => {
  const text = bytes.toString("utf8")
  return text.startsWith("\uFEFF") ? text.slice(1) : text
}

/** The same object, if no name has several values. */
const joined = (headers: Headers): Transport.Incoming["headers"] => {
  const one: Record<string, string | undefined> = {}
  for (const name in headers) {
    const value = headers[name]
    one[name] = typeof value === "object" ? value.join(", ") : value
  }
  return one
}
