/** F15: what `new URL` accepts is a link, and it is requested as it was given. Over a real server, through the client of @reelay/node. */
import { createServer, type IncomingHttpHeaders } from "node:http"
import { createClient } from "@reelay/node"
import { xai } from "@reelay/providers/xai"
import { describe, expect, it } from "vitest"
import { failure, later } from "./sockets.ts"

const mp4 = Buffer.from("\0\0\0\x18ftypisom and the rest of a video")

/** xAI whose finished job has this link; what is asked for besides is the file. */
const linking = async (linkOf: (origin: string) => string) => {
  const asked: Array<{ readonly url: string | undefined; readonly headers: IncomingHttpHeaders }> = []
  const server = createServer((request, response) => {
    const json = (value: unknown) => void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value))
    if (request.method === "POST") return json({ request_id: "job-1" })
    if (request.url === "/v1/videos/job-1") return json({ status: "done", video: { url: linkOf(origin), duration: 6 } })
    asked.push({ url: request.url, headers: request.headers })
    response.writeHead(200, { "content-type": "text/plain" }).end(mp4)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  later(() => new Promise((resolve) => server.close(resolve)))
  const address = server.address()
  const origin = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
  const client = createClient({ provider: xai({ apiKey: "sk-test-key", baseUrl: origin }), pace: 20, maxConsecutiveFailures: 1 })
  const job = await client.submit({ prompt: "a fox" })
  return { job, asked }
}

describe.concurrent("F15: a link", () => {
  it.each<[string, (origin: string) => string, string]>([
    ["with spaces", (origin) => `${origin}/a b.mp4`, "/a%20b.mp4"],
    ["with a scheme in capitals", (origin) => origin.replace("http", "HTTP") + "/x.mp4", "/x.mp4"],
    ["without a scheme", (origin) => `${origin.slice(5)}/x`, "/x"],
    ["with a newline at its end", (origin) => `${origin}/x.mp4\n`, "/x.mp4"],
    ["with a tab inside", (origin) => `${origin}/x\t.mp4`, "/x.mp4"],
    ["with backslashes", (origin) => `${origin.replace("//", "\\\\")}\\x.mp4`, "/x.mp4"],
    ["with a path in another script", (origin) => `${origin}/видео.mp4`, "/%D0%B2%D0%B8%D0%B4%D0%B5%D0%BE.mp4"],
    ["with a host in numbers", (origin) => origin.replace("127.0.0.1", "2130706433") + "/x.mp4", "/x.mp4"],
    ["with a fragment", (origin) => `${origin}/x.mp4#t=1`, "/x.mp4"],
    ["with a percent sign that encodes nothing", (origin) => `${origin}/100%.mp4`, "/100%.mp4"],
    ["from the root", () => "/v1/files/abc/content", "/v1/files/abc/content"],
    ["beside the API", () => "../files/x.mp4", "/files/x.mp4"]
  ])("%s is fetched", async (_, linkOf, path) => {
    const { asked, job } = await linking(linkOf)
    expect(Buffer.from(await job.bytes())).toEqual(mp4)
    expect(asked.map(({ url }) => url)).toEqual([path])
  })

  it.each([
    "?Signature=ab~cd-ef_gh&Key-Pair-Id=K1",
    "?sig=a/b+c==&e=1",
    "?X-Amz-Credential=AK%2F20260101%2Fus&X-Amz-Signature=00ff",
    "?token",
    "?a=1&a=2&b=%7E&flag&c={x}",
    "?x=(1)!*'&y=a:b@c;d"
  ])("keeps its query letter by letter, since a signature is of that: %s", async (query) => {
    const { asked, job } = await linking((origin) => `${origin}/x.mp4${query}`)
    await job.bytes()
    expect(asked.map(({ url }) => url)).toEqual([new URL(`http://a.test/x.mp4${query}`).href.slice("http://a.test".length)])
  })

  it("with a name and a password gives them to its own host, and shows them nowhere", async () => {
    const { asked, job } = await linking((origin) => origin.replace("127.0.0.1", "me:pass%40word@localhost") + "/x.mp4")
    await job.bytes()
    expect(asked[0]?.headers.authorization).toBe(`Basic ${btoa("me:pass@word")}`)
    const gone = await linking(() => "http://me:pass%40word@reelay.invalid/x.mp4")
    const error = await failure(gone.job.bytes({ signal: AbortSignal.timeout(20_000) }))
    expect(String(error)).not.toMatch(/pass|me:/u)
  }, 30_000)

  it("of the API itself gets the key, whatever name stands in it", async () => {
    const { asked, job } = await linking((origin) => origin.replace("//", "//me:pass@") + "/x.mp4")
    await job.bytes()
    expect(asked[0]?.headers.authorization).toBe("Bearer sk-test-key")
  })

  it.each(["blob:http://127.0.0.1/abc", "s3://bucket/x.mp4"])(
    "that nobody can fetch from here is no success without a video: %s",
    async (link) => {
      const { asked, job } = await linking(() => link)
      expect(await failure(job.result())).toMatchObject({ _tag: "JobError", reason: { _tag: "BadPayload" }, again: "watch" })
      expect(asked).toEqual([])
    }
  )
})
