/** The body of an answer as text: bounded, and its content codings undone, if that is not done yet. Pure, over the web's own streams. */
import { bodyLimit } from "./exchange.ts"

/** Takes a body as it comes. */
export interface BodyText {
  /** Takes the next bytes. `false`: enough, the rest is not wanted. */
  readonly add: (chunk: Uint8Array) => boolean
  /** The text, after the last bytes. Rejects with an `Error` that says why, if a coding can't be undone. */
  readonly end: () => string | Promise<string>
}

/** `contentEncoding` is the header of that name. */
export const bodyText = (contentEncoding: string | null | undefined): BodyText => {
  const codings = codingsOf(contentEncoding)
  return codings.length === 0 ? plain() : coded(codings)
}

/** Reads what `fetch` has answered. After `leave` the text may never come, and the rest is not waited for. */
export const readText = (
  body: ReadableStream<Uint8Array>,
  contentEncoding: string | null
): { readonly text: Promise<string>; readonly leave: () => void } => {
  const reader = body.getReader()
  // If an instrumented `fetch` has cloned the answer, this never ends (vercel/ai#18048).
  const leave = (): void => void reader.cancel().catch(() => undefined)
  const read = async (): Promise<string> => {
    const text = bodyText(contentEncoding)
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return text.end()
      if (text.add(value)) continue
      leave()
      return text.end()
    }
  }
  return { text: read(), leave }
}

/** Codings in the order in which they were applied, in lower case. */
const codingsOf = (contentEncoding: string | null | undefined): ReadonlyArray<string> =>
  contentEncoding === null || contentEncoding === undefined
    ? []
    : contentEncoding
        .toLowerCase()
        .split(",")
        .map((name) => name.trim())
        .filter((name) => name !== "" && name !== "identity")

const plain = (): BodyText => {
  const decoder = new TextDecoder()
  let room = bodyLimit
  let text = ""
  return {
    add: (chunk) => {
      text += decoder.decode(chunk.byteLength > room ? chunk.subarray(0, room) : chunk, { stream: true })
      room -= chunk.byteLength
      return room > 0
    },
    end: () => text + decoder.decode()
  }
}

/** A `fetch` undoes codings and leaves the header as it was; other clients do not. Only the bytes show it: no coding makes valid UTF-8. */
const coded = (codings: ReadonlyArray<string>): BodyText => {
  const body = collected()
  return {
    add: body.add,
    end: async () => {
      const bytes = body.bytes()
      const text = utf8(bytes)
      if (text !== undefined) return text
      try {
        let inner = bytes
        for (const coding of codings.toReversed()) inner = await undone(inner, coding)
        return new TextDecoder().decode(inner)
      } catch (error) {
        // It was a text after all, in other letters.
        if (/^[\s[{<"]/u.test(String.fromCodePoint(bytes[0] ?? 0))) return new TextDecoder().decode(bytes)
        throw error
      }
    }
  }
}

/** A last character that was cut is left out. */
const utf8 = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true })
  } catch {
    return undefined
  }
}

/** At most `bodyLimit` bytes. */
const collected = () => {
  const chunks: Array<Uint8Array> = []
  let room = bodyLimit
  return {
    add: (chunk: Uint8Array): boolean => {
      const part = chunk.byteLength > room ? chunk.subarray(0, room) : chunk
      chunks.push(part)
      room -= part.byteLength
      return room > 0
    },
    bytes: (): Uint8Array<ArrayBuffer> => {
      const all = new Uint8Array(bodyLimit - room)
      let at = 0
      for (const chunk of chunks) {
        all.set(chunk, at)
        at += chunk.byteLength
      }
      return all
    }
  }
}

/** At most `bodyLimit` bytes of what comes out. */
const undone = async (bytes: Uint8Array<ArrayBuffer>, coding: string): Promise<Uint8Array<ArrayBuffer>> => {
  const stream = decompression(coding, bytes)
  if (stream === undefined) throw new Error(`the body is in the content coding ${coding}, which can't be undone here`)
  const writer = stream.writable.getWriter()
  // A failure is reported at the other end.
  writer.write(bytes).catch(() => undefined)
  writer.close().catch(() => undefined)
  const reader = stream.readable.getReader()
  const body = collected()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return body.bytes()
      if (body.add(value)) continue
      reader.cancel().catch(() => undefined)
      return body.bytes()
    }
  } catch (cause) {
    // What was cut here ends too early.
    if (bytes.byteLength === bodyLimit) return body.bytes()
    throw new Error(`the body is in the content coding ${coding}, and broken`, { cause })
  }
}

const decompression = (coding: string, bytes: Uint8Array): DecompressionStream | undefined => {
  const format = formatOf(coding, bytes)
  if (typeof DecompressionStream !== "function" || format === undefined) return undefined
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- The types know fewer formats than the platforms do.
    return new DecompressionStream(format as CompressionFormat)
  } catch {
    return undefined
  }
}

/** The platform's name of a coding. */
const formatOf = (coding: string, bytes: Uint8Array): string | undefined => {
  switch (coding) {
    case "gzip":
    case "x-gzip":
      return "gzip"
    case "deflate":
      // Some servers leave out zlib's head, whose first byte ends in 8.
      return ((bytes[0] ?? 0) & 0x0f) === 8 ? "deflate" : "deflate-raw"
    case "br":
      return "brotli"
    case "zstd":
      return "zstd"
    default:
      return undefined
  }
}
