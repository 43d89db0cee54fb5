import { JobError, JobFailed, type JobState } from "@reelay/core/promise"
import { describe, expect, it, vi } from "vitest"
import { expectStates } from "../expectStates.ts"
import { fakeClient } from "./fakeClient.ts"
import { fakeJob } from "./fakeJob.ts"

describe("a fake job", () => {
  it("goes where the test sends it, and every API of it sees that", async () => {
    const job = fakeJob()
    const seen: Array<string> = []
    job.subscribe(({ _tag }) => seen.push(_tag))
    const loop = expectStates(job).toBe("s-q-r(0.4)-✓")
    const result = job.result()
    job.queued(2)
    job.running(0.4)
    job.succeeded("https://cdn.example.com/fox.mp4")
    await loop
    expect(seen).toEqual(["Submitted", "Queued", "Running", "Succeeded"])
    expect(await result).toBe(job.current())
    expect([await job.url(), (await job.bytes()).byteLength, (await job.blob()).type]).toEqual([
      "https://cdn.example.com/fox.mp4",
      8,
      "video/mp4"
    ])
    expect(job.listeners()).toBe(0)
  })

  it("keeps the laws of a job: a test that breaks one throws", () => {
    const job = fakeJob()
    job.running(0.5)
    expect(() => job.queued()).toThrow("never goes back, from Running to Queued")
    job.failed("no")
    expect(() => job.succeeded()).toThrow("it was Failed, and Succeeded can't follow")
  })

  it.each([
    ["failed", "JobFailed"],
    ["expired", "JobExpired"],
    ["cancelled", "JobCancelled"]
  ] as const)("that has %s rejects its result with %s", async (way, error) => {
    const job = fakeJob()
    job[way]()
    await expect(job.result()).rejects.toMatchObject({ _tag: error })
    expect(job.result()).toBe(job.result())
  })

  it("that is lost errors once for whoever listens, and can be listened to again", async () => {
    const job = fakeJob()
    const errors: Array<unknown> = []
    job.subscribe({ error: (error) => errors.push(error) })
    job.subscribe(() => undefined)
    const result = job.result()
    job.lost()
    await expect(result).rejects.toBeInstanceOf(JobError)
    expect([errors.length, job.unhandled.length, job.listeners()]).toEqual([1, 1, 0])
    const again = job.result()
    job.succeeded()
    expect((await again)._tag).toBe("Succeeded")
  })

  it("is cancelled as it was told, and counts", async () => {
    const job = fakeJob()
    expect([await job.cancel(), job.current()._tag, await job.cancel(), job.cancels()]).toEqual(["Cancelled", "Cancelled", "Cancelled", 2])
    const other = fakeJob({ cancel: "Unsupported" })
    expect([await other.cancel(), other.current()._tag]).toEqual(["Unsupported", "Submitted"])
    other.succeeded()
    expect(await other.cancel()).toBe("CompletedAnyway")
  })

  it("a signal leaves it, and leave ends what listens", async () => {
    const job = fakeJob()
    const controller = new AbortController()
    const waits = job.result({ signal: controller.signal })
    controller.abort("enough")
    await expect(waits).rejects.toBe("enough")
    const rest = job.result({})
    await job[Symbol.asyncDispose]()
    await expect(rest).rejects.toMatchObject({ name: "AbortError" })
    expect(job.listeners()).toBe(0)
  })
})

describe("a fake client", () => {
  it("posts in a later turn, and not for a caller that has left", async () => {
    const client = fakeClient<{ readonly prompt: string }>()
    const controller = new AbortController()
    const left = client.submit({ prompt: "a" }, { signal: controller.signal })
    controller.abort("left")
    const kept = client.submit({ prompt: "b" }, { label: "fox" })
    expect(client.posts()).toBe(0)
    await expect(left).rejects.toBe("left")
    const job = await kept
    expect([client.posts(), client.submissions.map(({ phase }) => phase())]).toEqual([1, ["Left", "Accepted"]])
    expect(client.jobs.current()).toMatchObject([{ id: job.id, label: "fox", status: "Submitted" }])
  })

  it("accepts and refuses when the test says so, and a signal never takes back what was sent", async () => {
    const client = fakeClient({ accepts: false })
    const ids: Array<string> = []
    const controller = new AbortController()
    const both = [client.submit({}), client.submit({}, { signal: controller.signal, onSubmitted: ({ id }) => ids.push(id) })]
    const [one, two] = client.submissions
    expect(() => one?.accept()).toThrow("is Waiting")
    await vi.waitUntil(() => client.posts() === 2)
    one?.refuse(new Error("no"))
    controller.abort("left")
    two?.accept()
    await expect(both[0]).rejects.toThrow("no")
    await expect(both[1]).rejects.toBe("left")
    expect([ids, client.posts()]).toEqual([[two?.job.ref.id], 2])
  })

  it("lists its jobs, follows them while somebody listens, and forgets", async () => {
    const client = fakeClient()
    const job = await client.submit({})
    const seen: Array<ReadonlyArray<string>> = []
    const leave = client.jobs.subscribe((jobs) => seen.push(jobs.map(({ status }) => status)))
    job.running(0.1)
    expect(job.listeners()).toBe(1)
    leave()
    expect(job.listeners()).toBe(0)
    job.succeeded()
    expect(await client.forget(job.id)).toBe(1)
    expect([seen, client.jobs.current()]).toEqual([[["Submitted"], ["Running"]], []])
  })

  it("attaches to its own job by id, and to any by a reference", async () => {
    const client = fakeClient()
    const job = await client.submit({})
    expect(await client.attach(job.id)).toBe(job)
    const other = await client.attach({ ...job.ref, id: "elsewhere" })
    expect([other === job, other.ref.id]).toEqual([false, "elsewhere"])
    await expect(client.attach("nonsense")).rejects.toThrow(TypeError)
  })

  it("runs to the end, with each state", async () => {
    const client = fakeClient()
    const seen: Array<JobState["_tag"]> = []
    const end = client.run({}, { onState: ({ _tag }) => seen.push(_tag) })
    await vi.waitUntil(() => client.submissions[0]?.job.listeners() === 2)
    client.submissions[0]?.job.failed("no")
    await expect(end).rejects.toBeInstanceOf(JobFailed)
    expect(seen).toEqual(["Submitted", "Failed"])
  })
})
