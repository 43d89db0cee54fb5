/** What holds for every provider of the family, on every surface. */
import { describe, it } from "@effect/vitest"
import type { Provider } from "@reelay/core"
import { readFileSync } from "node:fs"
import { definition as cometapi } from "../src/cometapi/provider.ts"
import { definition as geeknow } from "../src/geeknow/provider.ts"
import { definition as xai } from "../src/xai/provider.ts"
import { definition as xingchao } from "../src/xingchao/provider.ts"
import { expect } from "./expect.ts"
import { answer } from "./replay.ts"

const definitions: ReadonlyArray<Pick<Provider.Definition<never>, "name" | "interpret" | "receive" | "poll">> = [
  cometapi,
  geeknow,
  xai,
  xingchao
]
/** Where each gateway of the family puts the link, with repository, path and commit, or the document. */
const places: ReadonlyArray<{ readonly place: string }> = JSON.parse(readFileSync(new URL("oracle/links.json", import.meta.url), "utf8"))

const link = "https://cdn.example/v.mp4?sig=1"
const usage = { cost_in_usd_ticks: 3_000_000_000 }

describe.each(definitions)("$name", ({ interpret, name, poll, receive }) => {
  const receipt = (body: unknown) => receive(answer(200, body, "submit"))
  const reading = (body: unknown) => interpret(answer(200, body))
  const done = name === "cometapi" || name === "xai" ? "done" : "completed"

  it.each<[unknown]>([
    [{ code: "success", message: "", data: { task_id: "task_abc", status: "NOT_START" } }],
    [{ code: "success", data: { data: { id: "task_abc" } } }],
    [{ code: 0, request_id: "of the request", data: { task_id: "task_abc" } }],
    [{ code: 200, data: [{ task_id: "task_abc", status: "submitted" }] }],
    [{ id: 4711, task_id: "task_abc" }],
    [{ request_id: "task_abc" }],
    [{ id: "task_abc", object: "video", status: "queued" }]
  ])("F3: %j is the job task_abc", (body) => {
    expect(receipt(body)).toEqual({ _tag: "Accepted", id: "task_abc" })
  })

  it.each(["9007199254740993", "98765432109876543210"])("F6: the number %s is not rounded, and polled as it is", (number) => {
    for (const body of [`{"id":${number}}`, `{"code":"success","data":{"task_id":${number}}}`]) {
      expect(receipt(body)).toEqual({ _tag: "Accepted", id: number })
    }
    const ref = { provider: name, kind: "generation", id: number, baseUrl: "https://a.b", submittedAt: 0 } as const
    expect(poll(ref).path.endsWith(`/${number}`)).toBe(true)
  })

  it.each([" a ", "a/b", "a%2Fb", "a?b#c", "任务", "..."])("F6: the id %j is polled exactly", (id) => {
    const { path } = poll({ provider: name, kind: "generation", id, baseUrl: "https://a.b", submittedAt: 0 })
    const [last = ""] = new URL(`https://a.b${path}`).pathname.split("/").slice(-1)
    expect(decodeURIComponent(last)).toBe(id)
  })

  it.each(places)("F8: a link at $place is found", ({ place }) => {
    const nested = place.split(".").reduceRight<unknown>((inner, part) => ({ [part]: inner }), link)
    for (const body of [
      { status: done, ...Object(nested) },
      { code: "success", data: { status: "SUCCESS", ...Object(nested) } }
    ]) {
      expect(reading(body)).toMatchObject({ _tag: "Succeeded", artifacts: [{ url: link, kind: "link" }] })
    }
  })

  it("F8: the documented place is first, at any depth; the same link is one candidate", () => {
    const documented = name === "cometapi" || name === "xai" ? "video" : name === "geeknow" ? "output" : undefined
    const best = documented === undefined ? { video_url: link } : { [documented]: { url: link } }
    const body = { status: done, url: "https://a.b/2", metadata: { url: link }, fail_reason: "https://a.b/3", ...best }
    expect(reading(body)).toMatchObject({ artifacts: [{ url: link }, { url: "https://a.b/2" }, { url: "https://a.b/3" }] })
  })

  it.each<[object, string | undefined, string]>([
    [{ error: { code: "storage_error", message: "bucket quota exceeded" } }, "storage_error", "bucket quota exceeded"],
    [{ fail_reason: "upload to OSS failed" }, undefined, "upload to OSS failed"],
    [{ video_url: "", message: "转存失败，请联系客服" }, undefined, "转存失败，请联系客服"]
  ])("F9: done without a link keeps the words of %j", (fields, code, message) => {
    for (const body of [
      { status: done, ...fields },
      { code: "success", message: "", data: { status: "SUCCESS", ...fields } }
    ]) {
      expect(reading(body)).toMatchObject({
        _tag: "Succeeded",
        artifacts: [],
        why: { message, ...(code === undefined ? {} : { code }) }
      })
    }
  })

  it("F9: a failure keeps the words that it has, wherever they are", () => {
    for (const words of [{ fail_reason: "no GPU" }, { message: "no GPU" }, { error: "no GPU" }, { error: { msg: "no GPU" } }]) {
      const seen = reading({ status: "failed", ...words })
      expect(seen._tag === "Failed" ? seen.failure.message : seen).toContain("no GPU")
    }
  })

  it.each([
    ["failed", { status: "failed", usage }],
    ["in an envelope", { code: "success", data: { status: "failed", usage } }],
    ["expired", { status: "expired", usage }],
    ["cancelled", { status: "cancelled", usage }],
    ["moderated away", { status: done, video: { url: "", respect_moderation: false }, usage }]
  ])("F10: a cost above zero is billed: %s", (_, body) => {
    expect(reading(body)).toMatchObject({ costUsd: 0.3, ...(reading(body)._tag === "Succeeded" ? {} : { billed: "yes" }) })
  })

  it.runIf(name !== "xai")("F10: a task that failed at a cost of its upstream's is billed", () => {
    expect(reading({ code: "success", data: { status: "FAILURE", fail_reason: "no", data: { usage } } })).toMatchObject({
      costUsd: 0.3,
      costSource: "upstream",
      billed: "yes",
      failure: { origin: "gateway", message: "no" }
    })
  })

  it.each<[object]>([
    [{ video: { src: link } }],
    [{ video_url: "pending" }],
    [{ result: { files: [{ href: link }] } }],
    [{ url: "s3://bucket/v.mp4" }]
  ])("F11: done with %j, which may be a video, is a failed poll that quotes it", (fields) => {
    const body = { status: done, ...fields }
    const missed = { _tag: "Missed", because: "unreadable", detail: expect.stringContaining(done) }
    // GeekNow documents an endpoint that serves the video, whatever the payload names.
    expect(reading(body)).toMatchObject(name === "geeknow" ? { _tag: "Succeeded", artifacts: [] } : missed)
  })

  it.each([
    [
      { code: "success", message: "", data: { status: "IN_PROGRESS", progress: "30%" } },
      { _tag: "Running", progress: 0.3 }
    ],
    [{ code: 200, data: [{ status: "processing" }] }, { _tag: "Running" }],
    [{ code: 0, data: JSON.stringify({ status: "queued" }) }, { _tag: "Queued" }],
    [{ code: "success", data: { code: "success", data: { status: "QUEUED" } } }, { _tag: "Queued" }],
    [
      { code: "success", data: { status: "FAILURE", fail_reason: "no GPU" } },
      { _tag: "Failed", failure: { message: "no GPU" } }
    ],
    [{ code: "fail_to_fetch_task", message: "no", data: null }, { _tag: "Missed" }],
    [
      { code: "success", data: null },
      { _tag: "Missed", because: "unreadable" }
    ],
    [
      { code: 500, message: "busy", data: { status: "failed" } },
      { _tag: "Missed", because: "query-failed" }
    ]
  ])("T34: an envelope is opened on a poll as on a submission: %j", (body, seen) => {
    expect(reading(body)).toMatchObject(seen)
  })
})
