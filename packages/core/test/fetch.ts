/** A fake `fetch` for the APIs without Effect: it accepts at once, then answers polls in turn. */
import { done, said, type Reply } from "./fake.ts"

export const fakeFetch = (polls: ReadonlyArray<Reply> = [said("running"), done]) => {
  const requests: Array<{
    readonly method: string
    readonly url: string
    readonly headers: Headers
    readonly signal: AbortSignal | undefined
  }> = []
  let count = 0
  const fetch: typeof globalThis.fetch = (input, init) => {
    const method = init?.method ?? "GET"
    const url = input instanceof Request ? input.url : String(input)
    requests.push({ method, url, headers: new Headers(init?.headers), signal: init?.signal ?? undefined })
    if (method === "POST") return Promise.resolve(Response.json({ id: "job-1" }))
    if (url.startsWith("https://cdn.")) return Promise.resolve(new Response(new Uint8Array([0, 0, 0, 24, 0x66, 0x74, 0x79, 0x70])))
    const reply = polls[Math.min(count++, polls.length - 1)] ?? {}
    return reply.hangs === true ? new Promise(() => undefined) : Promise.resolve(Response.json(reply.body, { status: reply.status ?? 200 }))
  }
  const of = (method: string) => requests.filter((each) => each.method === method)
  return { fetch, requests, posts: () => of("POST"), polls: () => of("GET") }
}
