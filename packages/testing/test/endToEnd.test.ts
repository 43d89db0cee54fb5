import { JobError, JobRef } from "@reelay/core"
import { submit$ } from "@reelay/core/rxjs"
import { createClient } from "@reelay/node"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { firstValueFrom, from, lastValueFrom, toArray } from "rxjs"
import { describe, expect, it } from "vitest"
import { at, client, directory, everywhere, failure, names, posts, served, statesOf, tagsOf } from "./sockets.ts"

const prompt = "A candle flickers on a wooden table."
/** Moves with each poll, so that no state is missed on a busy machine. */
const byLooks = "mock:script=ten-polls"
const first = (bytes: Uint8Array): string => new TextDecoder().decode(bytes.subarray(4, 8))

describe.concurrent.each(everywhere)("$name over $transport", ({ name, transport }) => {
  const start = async (words: string, duration = 600) => {
    const server = await served(duration)
    const job = await client(transport, at(name, server.url)).submit({ prompt: `${prompt} ${words}` })
    return { server, job }
  }

  it("follows a job to its video", async () => {
    const { job, server } = await start(byLooks)
    const states = await statesOf(job)
    expect(tagsOf(states)).toEqual(["Submitted", "Queued", "Running", "Succeeded"])
    expect(first(await job.bytes())).toBe("ftyp")
    expect(posts(server)).toBe(1)
  })

  it("sees a failure", async () => {
    const { job, server } = await start("mock:fail")
    const error = await failure(job.result())
    expect(error).toBeInstanceOf(JobError.JobFailed)
    expect(error).toMatchObject({ state: { _tag: "Failed", failure: { message: expect.any(String) } } })
    expect(posts(server)).toBe(1)
  })

  it("sees moderation", async () => {
    const { job } = await start("mock:moderated")
    expect(await failure(job.result())).toMatchObject({ _tag: "JobFailed", state: { failure: { moderated: true } } })
  })

  it("sees an expiry, if the provider has a status for it", async () => {
    const { job } = await start("mock:expired")
    const last = (await statesOf(job)).at(-1)
    expect(last?._tag).toBe(name === "xai" || name === "cometapi" ? "Expired" : "Succeeded")
  })

  it.each(["mock:flaky", "mock:rate-limited", "mock:not-found-first"])("survives %s", async (words) => {
    const { job, server } = await start(words)
    expect((await job.result())._tag).toBe("Succeeded")
    expect(posts(server)).toBe(1)
  })

  it("T24: reports an unknown outcome for a submission whose answer is lost, and does not send it again", async () => {
    const server = await served()
    const error = await failure(client(transport, at(name, server.url)).submit({ prompt: `${prompt} mock:lost-submit` }))
    expect(error).toMatchObject({ _tag: "JobError", reason: { _tag: "SubmitUnknown" } })
    expect(posts(server)).toBe(1)
  })

  it("attaches after a restart, with one POST in all", async () => {
    const { job, server } = await start("")
    const text = JobRef.toUri(job.ref)
    for await (const state of job) if (state._tag === "Running") break
    const again = await client(transport, at(name, server.url)).attach(text)
    // What was asked for is in no id: only a journal remembers it.
    expect([again.id, again.ref]).toEqual([job.id, { ...job.ref, model: undefined, seconds: undefined }])
    expect((await again.result())._tag).toBe("Succeeded")
    expect(first(await again.bytes())).toBe("ftyp")
    expect(posts(server)).toBe(1)
  })

  it("serves from(job)", async () => {
    const { job, server } = await start(byLooks)
    const states = await lastValueFrom(from(job).pipe(toArray()))
    expect(tagsOf(states)).toEqual(["Submitted", "Queued", "Running", "Succeeded"])
    expect(posts(server)).toBe(1)
  })
})

describe.concurrent.each(names)("%s", (name) => {
  it("saves the served bytes, and leaves nothing beside them", async () => {
    const server = await served()
    const folder = await directory()
    const path = join(folder, "video.mp4")
    const job = await createClient({ provider: at(name, server.url), pace: 60 }).submit({ prompt })
    const saved = await job.save(path)
    const bytes = await readFile(path)
    expect(first(bytes)).toBe("ftyp")
    expect(saved).toMatchObject({ _tag: "Saved", path, bytes: bytes.byteLength })
    const { artifacts } = await job.result()
    const headers = artifacts[0].kind === "content" ? { authorization: "Bearer sk-test-key" } : {}
    const served_ = new Uint8Array(await (await fetch(artifacts[0].url, { headers })).arrayBuffer())
    expect(new Uint8Array(bytes)).toEqual(served_)
    expect(await readdir(folder)).toEqual(["video.mp4"])
  })

  it("T35: refreshes a link that has expired", async () => {
    const server = await served()
    const job = await client("node", at(name, server.url)).submit({ prompt: `${prompt} mock:url-expired` })
    expect(first(await job.bytes())).toBe("ftyp")
    expect(posts(server)).toBe(1)
  })

  it("posts once for all subscribers of submit$", async () => {
    const server = await served()
    const states$ = submit$(at(name, server.url), { prompt: `${prompt} ${byLooks}` }, { pace: 60 })
    const [all, last] = await Promise.all([firstValueFrom(states$.pipe(toArray())), lastValueFrom(states$)])
    expect(tagsOf(all)).toEqual(["Submitted", "Queued", "Running", "Succeeded"])
    expect(last._tag).toBe("Succeeded")
    expect(posts(server)).toBe(1)
  })

  it("stops when the subscriber of submit$ leaves", async () => {
    const server = await served()
    const running = firstValueFrom(submit$(at(name, server.url), { prompt: `${prompt} mock:stuck` }, { pace: 30 }))
    expect((await running)._tag).toBe("Submitted")
    const seen = server.mock.journal.length
    await new Promise((resolve) => setTimeout(resolve, 200))
    // One poll may have begun when the subscriber left.
    expect(server.mock.journal.length).toBeLessThanOrEqual(seen + 1)
  })
})

describe.concurrent("a shape of a provider", () => {
  it("of cometapi without a wrapper is read", async () => {
    const server = await served()
    const job = await client("node", at("cometapi", server.url)).submit({ prompt: `${prompt} mock:flat` })
    expect(tagsOf(await statesOf(job)).at(-1)).toBe("Succeeded")
    expect(first(await job.bytes())).toBe("ftyp")
  })

  it.each(["node", "fetch"] as const)("T10: of geeknow without a URL falls back to the content endpoint over %s", async (transport) => {
    const server = await served()
    const job = await client(transport, at("geeknow", server.url)).submit({ prompt: `${prompt} mock:no-url` })
    expect((await job.result()).artifacts).toMatchObject([{ kind: "content" }])
    expect(first(await job.bytes())).toBe("ftyp")
    expect(server.mock.journal.some(({ route }) => route === "content")).toBe(true)
  })

  it.each(["cometapi", "xingchao", "xai"] as const)("T10: of %s without a URL is a failure", async (name) => {
    const server = await served()
    const job = await client("node", at(name, server.url)).submit({ prompt: `${prompt} mock:no-url` })
    expect(await failure(job.result())).toMatchObject({ state: { _tag: "Failed", failure: { code: "NoArtifact" } } })
  })
})
