/** A video that the provider puts at a place of the caller's own: F7 of the field reports. */
import { JobError, JobRef, KeyValueJournal } from "@reelay/core"
import { submit$ } from "@reelay/core/rxjs"
import { Verdict } from "@reelay/mock-server"
import { createClient } from "@reelay/node"
import { cometapi } from "@reelay/providers/cometapi"
import { xai } from "@reelay/providers/xai"
import { lastValueFrom } from "rxjs"
import { describe, expect, it } from "vitest"
import { type Hostile, hostile, json } from "./hostile.ts"
import { directory, failure, served, statesOf } from "./sockets.ts"
import { storeOf } from "./store.ts"

const uploadUrl = "https://bucket.example/videos/fox.mp4?X-Amz-Signature=SECRET"
const to = "https://bucket.example/videos/fox.mp4"
const request = { prompt: "A fox.", options: { uploadUrl } }
const done = { status: "done", video: { duration: 6, respect_moderation: true }, usage: { cost_in_usd_ticks: 3_000_000_000 } }

/** xAI, which has uploaded the video and names no link. */
const uploading = (last: unknown = done) => hostile((line) => json(200, line.startsWith("POST") ? { request_id: "job-1" } : last))

const providerOf = ({ url }: Hostile) => xai({ apiKey: "sk-test-key", baseUrl: url })
const clientOf = (server: Hostile) => createClient({ provider: providerOf(server), pace: 60, requestTimeout: 5000 })

describe.concurrent("F7: a video that was delivered to the caller's own place", () => {
  it("is a success that says where it is, without the signature, and what it cost", async () => {
    const server = await uploading()
    const job = await clientOf(server).submit(request)
    const states = await statesOf(job)
    expect(states.at(-1)).toMatchObject({
      _tag: "Succeeded",
      polls: 1,
      artifacts: [{ kind: "delivered", url: to }],
      durationSeconds: 6,
      costUsd: 0.3,
      billed: "yes"
    })
    expect(JSON.stringify(states)).not.toContain("SECRET")
  })

  it.each(["bytes", "blob", "url", "save"] as const)(
    "is nothing to download: %s says so, asks for nothing, and is not to be repeated",
    async (way) => {
      const server = await uploading()
      const job = await clientOf(server).submit(request)
      const got = way === "save" ? job.save(`${await directory()}/fox.mp4`) : job[way]()
      const error = await failure(got)
      expect(error).toBeInstanceOf(JobError.JobError)
      expect(error).toMatchObject({ reason: { _tag: "DownloadFailed", deliveredTo: to }, again: "never" })
      expect(String(error)).toContain(`there is nothing to download: as the request asked, the provider has put the video at ${to}.`)
      expect(server.requests).toHaveLength(2)
    }
  )

  it("is known from the reference alone, in another process", async () => {
    const server = await uploading()
    const { ref } = await clientOf(server).submit(request)
    const uri = JobRef.toUri(ref)
    expect(uri).not.toContain("SECRET")
    const job = await clientOf(server).attach(uri)
    expect(await job.result()).toMatchObject({ artifacts: [{ kind: "delivered", url: to }] })
  })

  it("is the last state of an Observable", async () => {
    const server = await uploading()
    const state = await lastValueFrom(submit$(providerOf(server), request, { pace: 60 }))
    expect(state).toMatchObject({ _tag: "Succeeded", artifacts: [{ kind: "delivered", url: to }] })
  })

  it("is not waited for by a journal that would save it", async () => {
    const server = await uploading()
    const journal = KeyValueJournal.make(storeOf())
    await using watching = createClient({ provider: providerOf(server), pace: 60, journal })
    const job = await watching.submit(request, { saveTo: "fox.mp4" })
    await job.result()
    const events = []
    for await (const event of watching.resumeAll()) events.push(event)
    expect(events).toEqual([])
  })

  it("is not there if the provider says that storing it failed", async () => {
    const server = await uploading({ status: "done", error: { code: "storage_error", message: "PUT answered 403" } })
    const job = await clientOf(server).submit(request)
    expect((await statesOf(job)).at(-1)).toMatchObject({
      _tag: "Failed",
      failure: { code: "storage_error", message: "PUT answered 403" }
    })
  })

  it("is downloaded from its link if there is one as well", async () => {
    const server = await uploading({ ...done, video: { ...done.video, url: "https://cdn.test/x.mp4" } })
    const job = await clientOf(server).submit(request)
    expect(await job.result()).toMatchObject({ artifacts: [{ kind: "link" }, { kind: "delivered", url: to }] })
  })

  it("is moderated away like any other", async () => {
    const server = await uploading({ ...done, video: { url: "", respect_moderation: false } })
    const job = await clientOf(server).submit(request)
    expect((await statesOf(job)).at(-1)).toMatchObject({ _tag: "Failed", failure: { moderated: true }, billed: "yes" })
  })

  it("is delivered behind CometAPI too, which forwards the option", async () => {
    const server = await uploading({ code: "success", data: { status: "SUCCESS", data: done } })
    const job = await createClient({ provider: cometapi({ apiKey: "sk-test-key", baseUrl: server.url }), pace: 60 }).submit({
      prompt: "A fox.",
      options: { output: { upload_url: uploadUrl } }
    })
    expect(await job.result()).toMatchObject({ artifacts: [{ kind: "delivered", url: to }], costUsd: 0.3 })
  })

  it("is refused before sending if its place isn't an address", async () => {
    const server = await uploading()
    const error = await failure(clientOf(server).submit({ prompt: "A fox.", options: { uploadUrl: "bucket/fox.mp4" } }))
    expect(error).toMatchObject({ reason: { _tag: "InvalidRequest", field: "options.uploadUrl" } })
    expect(server.requests).toEqual([])
  })

  it("an unexpected end without a link is still a failure", async () => {
    const server = await uploading()
    const job = await clientOf(server).submit({ prompt: "A fox." })
    expect((await statesOf(job)).at(-1)).toMatchObject({ _tag: "Failed", failure: { code: "NoArtifact" }, billed: "yes" })
  })
})

/** Over the mock, whose xAI reports a delivery as the vendor was seen to. */
describe.concurrent("F7: the mock", () => {
  it("delivers what a request wants delivered, and the client that knows it is right to fetch nothing", async () => {
    const { mock, url } = await served(200)
    const client = createClient({ provider: xai({ apiKey: "sk-test-key", baseUrl: `${url}/xai` }), pace: 60 })
    const job = await client.submit(request)
    expect(await job.result()).toMatchObject({ artifacts: [{ kind: "delivered", url: to }], durationSeconds: 8, billed: "yes" })
    expect(mock.jobs).toMatchObject([{ state: "delivered", fetched: 0 }])
    expect(mock.journal.map(({ route }) => route)).not.toContain("file")
    expect(Verdict.of(mock)).toMatchObject({ ok: true, findings: [] })
  })

  it("does so for a word, too: without an address of its own a client has a success without a video", async () => {
    const { mock, url } = await served(200)
    const client = createClient({ provider: xai({ apiKey: "sk-test-key", baseUrl: `${url}/xai` }), pace: 60 })
    const wanted = await client.submit({ prompt: "A fox, mock:delivered", options: { uploadUrl } })
    expect(await wanted.result()).toMatchObject({ artifacts: [{ kind: "delivered", url: to }] })
    const other = await client.submit({ prompt: "A hare, mock:delivered" })
    expect(await failure(other.result())).toMatchObject({ _tag: "JobFailed", state: { failure: { code: "NoArtifact" }, billed: "yes" } })
    expect(mock.jobs.map(({ state }) => state)).toEqual(["delivered", "delivered"])
  })

  it("hands out a link at a provider that can't deliver", async () => {
    const { mock, url } = await served(200)
    const client = createClient({ provider: cometapi({ apiKey: "sk-test-key", baseUrl: `${url}/cometapi` }), pace: 60 })
    const job = await client.submit({ prompt: "A fox, mock:delivered" })
    expect(await job.result()).toMatchObject({ artifacts: [{ kind: "link" }] })
    expect(mock.jobs).toMatchObject([{ state: "succeeded" }])
  })

  it("does not deliver what failed", async () => {
    const { mock, url } = await served(200)
    const client = createClient({ provider: xai({ apiKey: "sk-test-key", baseUrl: `${url}/xai` }), pace: 60 })
    const job = await client.submit({ prompt: "A fox, mock:fail", options: { uploadUrl } })
    expect(await failure(job.result())).toMatchObject({ _tag: "JobFailed" })
    expect(mock.jobs).toMatchObject([{ state: "failed" }])
  })
})
