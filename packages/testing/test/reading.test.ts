/** What gateways put into a payload, through the whole client: F8 to F11 of the field reports. */
import { JobError } from "@reelay/core"
import { describe, expect, it } from "vitest"
import { hostile, json, type Trick } from "./hostile.ts"
import { at, client, failure, statesOf } from "./sockets.ts"

const prompt = "A candle."
const file = Uint8Array.from([0, 0, 0, 24, 0x66, 0x74, 0x79, 0x70, 0x69, 0x73, 0x6f, 0x6d, 0, 0, 0, 0, 0x69, 0x73, 0x6f, 0x6d, 0, 0, 0, 0])

const video: Trick = (socket) => {
  socket.write(`HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: ${file.byteLength}\r\nConnection: close\r\n\r\n`)
  socket.end(file)
}

/** A gateway that accepts a job as `id` and then answers each poll alike. */
const gateway = (id: unknown, poll: (origin: () => string) => unknown) => {
  let origin = ""
  const made = hostile((line) => {
    if (line.startsWith("POST")) return json(200, id)
    if (line.includes("/files/")) return video
    return line.includes("/content")
      ? json(404, { error: { message: "Task not found" } })
      : json(
          200,
          poll(() => origin)
        )
  })
  return made.then((server) => {
    origin = server.url
    return server
  })
}

describe.concurrent("a video", () => {
  it.each([
    ["metadata.url", (url: string) => ({ metadata: { url } })],
    ["metadata.video_url", (url: string) => ({ metadata: { video_url: url } })],
    ["result_url", (url: string) => ({ result_url: url })],
    ["video.url", (url: string) => ({ video: { url } })]
  ])("F8: is saved from %s though /content is 404", async (_, fields) => {
    const server = await gateway({ id: "task_1" }, (origin) => ({
      id: "task_1",
      status: "completed",
      progress: 100,
      ...fields(`${origin()}/files/v.mp4?sig=1`)
    }))
    const job = await client("node", at("geeknow", server.url)).submit({ prompt })
    expect(await job.bytes()).toEqual(file)
    expect(server.requests.at(-1)).toContain("/files/v.mp4?sig=1")
  })

  it("F9: that is neither linked nor served keeps the provider's words", async () => {
    const server = await gateway({ id: "task_1" }, () => ({
      id: "task_1",
      status: "completed",
      error: { code: "storage_error", message: "bucket quota exceeded" }
    }))
    const job = await client("node", at("geeknow", server.url)).submit({ prompt })
    const error = await failure(job.bytes())
    expect(error).toMatchObject({ reason: { _tag: "DownloadFailed" } })
    expect(String(error)).toContain('answered with HTTP 404, "Task not found"; the provider says "bucket quota exceeded"')
  })

  it("F15: is saved from a link with spaces around and inside it", async () => {
    const server = await gateway({ request_id: "r" }, (origin) => ({ status: "done", video: { url: ` ${origin()}/files/my video.mp4 ` } }))
    const job = await client("fetch", at("xai", server.url)).submit({ prompt })
    expect(await job.bytes()).toEqual(file)
    expect(server.requests.at(-1)).toContain("/files/my%20video.mp4")
  })
})

describe.concurrent("a job", () => {
  it.each(["geeknow", "cometapi", "xingchao", "xai"] as const)("F3, F6: is known by the digits of its number: %s", async (name) => {
    const server = await hostile((line) => {
      const body = line.startsWith("POST")
        ? '{"code":"success","message":"","data":{"task_id":1846529137620455425,"status":"NOT_START"}}'
        : '{"status":"failed","error":"no GPU"}'
      return (socket) => void socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`)
    })
    const job = await client("node", at(name, server.url)).submit({ prompt })
    expect(job.ref.id).toBe("1846529137620455425")
    await statesOf(job)
    expect(server.requests.at(-1)).toMatch(/^GET \S+\/1846529137620455425 /u)
  })

  it.each([
    ["xai", { status: "done", error: { code: "storage_error", message: "bucket quota exceeded" } }, "bucket quota exceeded"],
    [
      "cometapi",
      { code: "success", message: "", data: { status: "SUCCESS", fail_reason: "upload to OSS failed" } },
      "upload to OSS failed"
    ],
    ["xingchao", { status: "completed", video_url: "", message: "转存失败" }, "转存失败"]
  ] as const)("F9: that is done without a video fails in the words of %s", async (name, body, message) => {
    const server = await gateway({ id: "task_1" }, () => body)
    const job = await client("node", at(name, server.url)).submit({ prompt })
    expect((await statesOf(job)).at(-1)).toMatchObject({ _tag: "Failed", polls: 3, failure: { message } })
    expect(String(await failure(job.result()))).toContain(message)
  })

  it("F10: that is done without a video, at a cost, is billed", async () => {
    const server = await gateway({ request_id: "r" }, () => ({ status: "done", video: { url: "" }, usage: { cost_in_usd_ticks: 3e9 } }))
    const job = await client("node", at("xai", server.url)).submit({ prompt })
    expect((await statesOf(job)).at(-1)).toMatchObject({ _tag: "Failed", billed: "yes", costUsd: 0.3, failure: { code: "NoArtifact" } })
    expect(String(await failure(job.result()))).toContain("Billed: yes")
  })

  it.each([
    ["xai", { status: "done", video: { stream: { href: "https://cdn.test/v.mp4?sig=SECRET" } } }],
    ["xingchao", { status: "completed", video_url: "in the works" }],
    ["cometapi", { code: "success", data: { status: "SUCCESS", data: { clip: "s3://bucket/v.mp4" } } }]
  ] as const)("F11: that is done in a form that can't be read ends as an error that quotes it: %s", async (name, body) => {
    const server = await gateway({ id: "task_1" }, () => body)
    const job = await client("node", at(name, server.url)).submit({ prompt })
    const error = await failure(job.result())
    expect(error).toBeInstanceOf(JobError.JobError)
    expect(error).toMatchObject({ reason: { _tag: "BadPayload" }, again: "watch", ref: { id: "task_1" } })
    expect(String(error)).toContain(JSON.stringify(body).slice(0, 40))
    expect(String(error)).not.toContain("SECRET")
  })
})
