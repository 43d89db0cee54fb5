/** Server-sent events as text. Pure. */

const encoder = new TextEncoder()

/** A block. The data is JSON in one line, so nothing in it can begin another field or another event. */
export const event = (name: string, data: unknown, id?: string): Uint8Array<ArrayBuffer> =>
  encoder.encode(`${id === undefined ? "" : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)

/** A comment, which every client ignores: it shows that the stream lives. */
export const comment: Uint8Array<ArrayBuffer> = encoder.encode(":\n\n")

/** How soon a client comes back after the stream has ended, in milliseconds. */
export const retry = (millis: number): Uint8Array<ArrayBuffer> => encoder.encode(`retry: ${millis}\n\n`)
