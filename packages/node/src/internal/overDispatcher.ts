/** The transport over undici's `dispatch`: one object for a request, and no stream. */
import { type Dispatcher, FormData as UndiciForm } from "@effect/platform-node/Undici"
import { Transport } from "@reelay/core"
import { isUtf8 } from "node:buffer"
import type { Dispatchers } from "./dispatcher.ts"
import { unknownCodings } from "./undoing.ts"

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler["onResponseStart"]>>[2]
type Controller = Dispatcher.DispatchController

/**
 * Sends by dispatchers that undo content codings: what costs money by `posts`, the rest by `api`. Interim answers (103) are skipped, redirects are
 * not followed, and undici's own timeouts are off.
 */
export const overDispatcher = ({ api, polling, posts, sending }: Omit<Dispatchers, "links">): Transport.Transport => {
  // A dispatcher may be a proxy, which is asked for its method once.
  const ask = api.dispatch.bind(api)
  const change = posts.dispatch.bind(posts)
  return {
    capacity: polling,
    submissions: sending,
    send: (request, done, _context, mayGo) => {
      const exchange = new Exchange(request, done, mayGo)
      try {
        const { body, headers, method, url } = request
        const { origin, pathname, search } = new URL(url)
        const dispatch = method === "GET" ? ask : change
        dispatch(
          { method, origin, path: pathname + search, headers: { ...headers }, body: bodyOf(body), headersTimeout: 0, bodyTimeout: 0 },
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

/** undici knows its own forms only. */
const bodyOf = (body: Transport.Outgoing["body"]): string | UndiciForm | null => {
  if (typeof body === "string" || body === undefined) return body ?? null
  const form = new UndiciForm()
  for (const [name, value] of body) {
    if (typeof value === "string") form.append(name, value)
    else form.append(name, value, value.name)
  }
  return form
}

/** Why a request is aborted: nobody waits for it, or the rest of its answer. */
const unwanted = new Error("the rest is not wanted")

class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: Transport.Outgoing
  readonly #done: (outcome: Transport.Incoming | Transport.NoAnswer) => void
  readonly #mayGo: (() => boolean) | undefined
  #controller: Controller | undefined = undefined
  /** How often a connection was there, and the first byte went next. */
  #starts = 0
  #over = false
  /** What there is to tell once `send` has returned. */
  #early: Transport.Incoming | Transport.NoAnswer | undefined = undefined
  #returned = false
  #status = 0
  #headers: Headers = {}
  #chunks: Array<Buffer> = []
  #room = Transport.bodyLimit

  constructor(
    request: Transport.Outgoing,
    done: (outcome: Transport.Incoming | Transport.NoAnswer) => void,
    mayGo: (() => boolean) | undefined
  ) {
    this.#request = request
    this.#done = done
    this.#mayGo = mayGo
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
    this.#controller = controller
    if (this.#mayGo !== undefined && (this.#starts > 0 || !this.#mayGo())) {
      // What was sent before may have been accepted.
      if (this.#starts === 0) this.#tell(Transport.held)
      this.#starts += 1
      return controller.abort(unwanted)
    }
    this.#starts += 1
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
    if (!this.#over) this.#tell(Transport.failed(this.#request, error, this.#proof()))
  }

  #proof(): Transport.Proof {
    if (this.#starts > 1 && this.#mayGo !== undefined) return "by nothing"
    return this.#starts > 0 ? "by its proxy" : "surely"
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
