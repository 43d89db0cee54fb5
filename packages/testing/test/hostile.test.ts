import { JobError } from "@reelay/core"
import { describe, expect, it } from "vitest"
import { accepted, honest, hostile, json, type Trick, tricks } from "./hostile.ts"
import { at, client, failure, statesOf, tagsOf } from "./sockets.ts"

const transports = ["node", "fetch"] as const
const cases = Object.entries(tricks).flatMap(([what, trick]) => transports.map((transport) => ({ transport, trick, what })))
const prompt = "A candle."

/** A server that accepts one xAI job, and then misbehaves. */
const accepting = (poll: (before: number) => Trick) => hostile((line, before) => (line.startsWith("POST") ? accepted : poll(before)))

describe.concurrent("a server that at each poll", () => {
  it.each(cases)("$what is given up in the end over $transport, and the ref is reported", async ({ transport, trick, what }) => {
    const server = await accepting(() => trick)
    const job = await client(transport, at("xai", server.url), 1500).submit({ prompt })
    const error = await failure(job.result())
    expect(error).toMatchObject(
      what === "answers with a success that names no video"
        ? { _tag: "JobFailed", state: { failure: { code: "NoArtifact" }, ref: { id: "job-1" } } }
        : { _tag: "JobError", ref: { id: "job-1" } }
    )
    const polls = server.requests.filter((line) => line.startsWith("GET")).length
    // 1500 ms at a pace of 60 ms: more would be spinning.
    expect(polls).toBeGreaterThan(0)
    expect(polls).toBeLessThanOrEqual(1500 / 60 + 1)
    expect(server.requests.filter((line) => line.startsWith("POST"))).toHaveLength(1)
  })
})

describe.concurrent("a server that at the first two polls", () => {
  it.each(cases)("$what does not stop a job over $transport", async ({ transport, trick }) => {
    const server = await accepting((before) => (before < 2 ? trick : honest))
    const job = await client(transport, at("xai", server.url)).submit({ prompt })
    const states = await statesOf(job)
    expect(tagsOf(states)).toEqual(["Submitted", "Succeeded"])
    expect(states.at(-1)).toMatchObject({ artifacts: [{ url: "https://cdn.test/x.mp4" }], polls: 3 })
  })
})

const telling = new Set(["answers with 429"])

describe.concurrent("a server that at the submission", () => {
  it.each(cases.filter(({ what }) => !telling.has(what)))(
    "$what leaves its outcome unknown over $transport, with one POST",
    async ({ transport, trick }) => {
      const server = await hostile(() => trick)
      const error = await failure(client(transport, at("xai", server.url)).submit({ prompt }))
      expect(error).toMatchObject({ _tag: "JobError", reason: { _tag: "SubmitUnknown" } })
      expect(server.requests).toHaveLength(1)
    }
  )

  it.each(transports)("closes the connection before the request is not posted to twice over %s", async (transport) => {
    const server = await hostile(() => tricks["closes after the request"])
    expect(await failure(client(transport, at("xai", server.url)).submit({ prompt }))).toBeInstanceOf(JobError.JobError)
    expect(server.requests).toHaveLength(1)
  })
})

describe.concurrent("an answer that breaks what reads it", () => {
  const deep = `${'{"error":'.repeat(90_000)}1${"}".repeat(90_000)}`
  const raw: Trick = (socket) => void socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${deep.length}\r\nConnection: close\r\n\r\n${deep}`)

  it("by its depth is a failed poll", async () => {
    const server = await accepting((before) => (before < 1 ? raw : honest))
    const job = await client("node", at("xai", server.url)).submit({ prompt })
    expect((await job.result())._tag).toBe("Succeeded")
  })

  it("by its depth at the submission leaves its outcome unknown", async () => {
    const server = await hostile(() => raw)
    expect(await failure(client("node", at("xai", server.url)).submit({ prompt }))).toMatchObject({ reason: { _tag: "SubmitUnknown" } })
  })

  it("by an invalid link is a failed poll: it isn't a success, nor one without a video", async () => {
    const server = await accepting(() => json(200, { status: "done", video: { url: "/\\[" } }))
    const job = await client("node", at("xai", server.url), 1500).submit({ prompt })
    expect(await failure(job.result())).toBeInstanceOf(JobError.JobError)
  })

  // "/\cdn.evil.test/x.mp4" reads as "//cdn.evil.test/x.mp4", which is another host.
  it("by a backslash does not move a path away from the API's origin", async () => {
    const server = await accepting(() => json(200, { status: "done", video: { url: "/\\cdn.evil.test/x.mp4" } }))
    const job = await client("node", at("xai", server.url), 1500).submit({ prompt })
    expect(await failure(job.result())).toBeInstanceOf(JobError.JobError)
  })

  it("by repeating the key as a code does not put it into a message", async () => {
    const server = await accepting(() => json(400, { code: "no sk-test-key", error: "no" }))
    const job = await client("node", at("xai", server.url), 1500).submit({ prompt })
    expect(String(await failure(job.result()))).not.toContain("sk-test-key")
  })

  it("by repeating the key at the end of 500 characters does not show most of it", async () => {
    const server = await accepting(() => json(400, { code: "no", error: `${"x".repeat(489)}sk-test-key-and-more` }))
    const job = await client("node", at("xai", server.url), 1500).submit({ prompt })
    expect(String(await failure(job.result()))).not.toContain("sk-test-ke")
  })
})
