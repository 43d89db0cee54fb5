import type { Answer } from "../dialects/Dialect.ts"

const encode = (body: unknown): readonly [Uint8Array<ArrayBuffer>, string | undefined] => {
  if (body === undefined) return [new Uint8Array(), undefined]
  if (typeof body === "string") return [new TextEncoder().encode(body), "text/plain; charset=utf-8"]
  if (body instanceof Uint8Array) return [Uint8Array.from(body), "application/octet-stream"]
  return [new TextEncoder().encode(JSON.stringify(body)), "application/json; charset=utf-8"]
}

/** An answer as a Response; to HEAD the same headers, and no body. */
export const respond = ({ status, body, headers }: Answer, method: string): Response => {
  const [bytes, type] = encode(body)
  const all = new Headers(headers)
  if (type !== undefined && !all.has("content-type")) all.set("content-type", type)
  all.set("content-length", String(bytes.byteLength))
  return new Response(method === "HEAD" || bytes.byteLength === 0 ? null : bytes, { status, headers: all })
}
