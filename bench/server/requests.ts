/** HTTP/1.1 as clients write it: what one of them has sent so far, cut into requests. */

export interface Request {
  readonly method: string
  readonly path: string
}

/** The whole requests of a text, and what is left of it. Bodies are of a known length, or in chunks of a few bytes; they are not read. */
export const requestsIn = (text: string): { readonly requests: ReadonlyArray<Request>; readonly rest: string } => {
  const requests: Array<Request> = []
  let at = 0
  for (;;) {
    const end = text.indexOf("\r\n\r\n", at)
    if (end < 0) break
    const space = text.indexOf(" ", at)
    const method = text.slice(at, space)
    const next = method === "GET" ? end + 4 : bodyEnd(text, at, end)
    if (next === undefined || next > text.length) break
    requests.push({ method, path: text.slice(space + 1, text.indexOf(" ", space + 1)) })
    at = next
  }
  return { requests, rest: text.slice(at) }
}

/** Where the body ends whose head is between `from` and `end`; `undefined` while that can't be known. */
const bodyEnd = (text: string, from: number, end: number): number | undefined => {
  const head = text.slice(from, end).toLowerCase()
  const length = /\r\ncontent-length: *(\d+)/u.exec(head)
  if (length !== null) return end + 4 + Number(length[1])
  if (!head.includes("\r\ntransfer-encoding: chunked")) return end + 4
  const last = text.indexOf("\r\n0\r\n\r\n", end + 2)
  return last < 0 ? undefined : last + 7
}
