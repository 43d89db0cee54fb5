/** A dispatcher that undoes content codings, as `fetch` does: of an answer to any request, asked for or not (undici#883). */
import type { Dispatcher } from "@effect/platform-node/Undici"
import type { Transform } from "node:stream"
import * as zlib from "node:zlib"

/**
 * Undoes gzip, deflate, br, and zstd if this Node can. The headers stay as they came. A body that ends too early gives what came out by then; one in
 * a coding that is not known comes as it is.
 */
export const undoing = (dispatcher: Dispatcher): Dispatcher =>
  dispatcher.compose((dispatch) => (options, handler) => dispatch(options, new Undoing(handler)))

/** The codings of an answer that are not undone here, and so are still in its body. */
export const unknownCodings = (contentEncoding: string | ReadonlyArray<string> | undefined): ReadonlyArray<string> => {
  const codings = codingsOf(contentEncoding)
  return isKnown(codings) ? [] : codings
}

type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler["onResponseStart"]>>[2]
type Controller = Dispatcher.DispatchController

/** In the order in which they were applied. */
const codingsOf = (contentEncoding: string | ReadonlyArray<string> | undefined): ReadonlyArray<string> => {
  if (contentEncoding === undefined) return []
  const names = typeof contentEncoding === "string" ? contentEncoding : contentEncoding.join(",")
  return names
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "identity")
}

/** What is sent in more codings than that is sent to do harm. */
const most = 3

const isKnown = (codings: ReadonlyArray<string>): boolean => codings.length <= most && codings.every((coding) => decoders.has(coding))

/** What has come by the end is given out, whole or not. */
const gzip = { finishFlush: zlib.constants.Z_SYNC_FLUSH }
const brotli = { finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH }

const decoders = new Map<string, (first: number) => Transform>([
  ["gzip", () => zlib.createGunzip(gzip)],
  ["x-gzip", () => zlib.createGunzip(gzip)],
  // Some servers leave out zlib's head, whose first byte ends in 8.
  ["deflate", (first) => ((first & 0x0f) === 8 ? zlib.createInflate(gzip) : zlib.createInflateRaw(gzip))],
  ["br", () => zlib.createBrotliDecompress(brotli)]
])
// Node 22.15 and newer.
if (typeof zlib.createZstdDecompress === "function") {
  decoders.set("zstd", () => zlib.createZstdDecompress({ finishFlush: zlib.constants.ZSTD_e_flush }))
}

/** Between undici and who asked. Without a coding it passes everything on. */
class Undoing implements Dispatcher.DispatchHandler {
  readonly #handler: Dispatcher.DispatchHandler
  #codings: ReadonlyArray<string> = []
  #decoding: Decoding | undefined = undefined

  constructor(handler: Dispatcher.DispatchHandler) {
    this.#handler = handler
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#handler.onRequestStart?.(controller, context)
  }

  onRequestUpgrade(...upgrade: Parameters<NonNullable<Dispatcher.DispatchHandler["onRequestUpgrade"]>>): void {
    this.#handler.onRequestUpgrade?.(...upgrade)
  }

  onResponseStart(controller: Controller, status: number, headers: Headers, message?: string): void {
    const coding = headers["content-encoding"]
    if (coding === undefined || status < 200) return this.#handler.onResponseStart?.(controller, status, headers, message)
    const codings = codingsOf(coding)
    if (codings.length === 0 || !isKnown(codings)) return this.#handler.onResponseStart?.(controller, status, headers, message)
    this.#codings = codings
    this.#decoding = new Decoding(this.#handler, controller)
    this.#handler.onResponseStart?.(this.#decoding, status, headers, message)
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#decoding === undefined) this.#handler.onResponseData?.(controller, chunk)
    else this.#decoding.write(this.#codings, chunk)
  }

  onResponseEnd(controller: Controller, trailers: Headers): void {
    if (this.#decoding === undefined) this.#handler.onResponseEnd?.(controller, trailers)
    else this.#decoding.end(trailers)
  }

  onResponseError(controller: Controller, error: Error): void {
    if (this.#decoding === undefined) this.#handler.onResponseError?.(controller, error)
    else this.#decoding.fail(error)
  }
}

/** One body on its way through its decoders, and the controller of it for who reads what comes out. */
class Decoding implements Controller {
  readonly #handler: Dispatcher.DispatchHandler
  readonly #controller: Controller
  #decoders: ReadonlyArray<Transform> = []
  /** Nothing more comes in. */
  #ended = false
  /** Nothing more goes out. */
  #over = false
  #paused = false

  constructor(handler: Dispatcher.DispatchHandler, controller: Controller) {
    this.#handler = handler
    this.#controller = controller
  }

  /** The decoders are made for the first bytes: an empty body needs none. */
  write(codings: ReadonlyArray<string>, chunk: Buffer): void {
    if (this.#over) return
    if (this.#decoders.length === 0) this.#decoders = this.#connected(codings, chunk)
    if (this.#decoders[0]?.write(chunk) === false) this.#controller.pause()
  }

  end(trailers: Headers): void {
    this.#ended = true
    const last = this.#decoders.at(-1)
    if (last === undefined) return this.#finish(trailers)
    last.on("end", () => this.#finish(trailers))
    this.#decoders[0]?.end()
  }

  fail(error: Error): void {
    if (this.#over) return
    this.#leave()
    this.#handler.onResponseError?.(this, error)
  }

  get aborted(): boolean {
    return this.#over || this.#controller.aborted
  }

  get paused(): boolean {
    return this.#paused
  }

  get reason(): Error | null {
    return this.#controller.reason
  }

  get rawHeaders(): NonNullable<Controller["rawHeaders"]> | null {
    return this.#controller.rawHeaders ?? null
  }

  get rawTrailers(): NonNullable<Controller["rawTrailers"]> | null {
    return this.#controller.rawTrailers ?? null
  }

  /** undici tells of an abort only as long as the body comes in. */
  abort(reason: Error): void {
    if (this.#over) return
    if (this.#ended) this.fail(reason)
    else this.#controller.abort(reason)
  }

  pause(): void {
    this.#paused = true
    this.#decoders.at(-1)?.pause()
  }

  resume(): void {
    this.#paused = false
    this.#decoders.at(-1)?.resume()
  }

  #finish(trailers: Headers): void {
    if (this.#over) return
    this.#over = true
    this.#handler.onResponseEnd?.(this, trailers)
  }

  #leave(): void {
    this.#over = true
    for (const decoder of this.#decoders) decoder.destroy()
  }

  #connected(codings: ReadonlyArray<string>, first: Buffer): ReadonlyArray<Transform> {
    // Of what is between two codings the first byte is not there yet: it is taken for zlib's.
    const all = codings.toReversed().map((coding, index) => this.#decoder(coding, index === 0 ? (first[0] ?? 0) : 8))
    for (const [index, decoder] of all.entries()) {
      const next = all[index + 1]
      if (next === undefined) decoder.on("data", (chunk: Buffer) => this.#out(chunk))
      else decoder.pipe(next)
    }
    all[0]?.on("drain", () => {
      if (!this.#over && !this.#ended) this.#controller.resume()
    })
    return all
  }

  #decoder(coding: string, first: number): Transform {
    const decoder = decoders.get(coding)?.(first)
    if (decoder === undefined) throw new TypeError(`no decoder for ${coding}`)
    return decoder.on("error", (cause) =>
      this.abort(new Error(`the body is in the content coding ${coding}, and broken: ${cause.message}`, { cause }))
    )
  }

  #out(chunk: Buffer): void {
    if (!this.#over) this.#handler.onResponseData?.(this, chunk)
  }
}
