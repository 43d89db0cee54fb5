/** Traps that users of such APIs fell into, tested at each provider. Their sources are in docs/traps.md. */
import { describe, it } from "@effect/vitest"
import type { JobError } from "@reelay/core"
import { fixtures as ofCometapi } from "@reelay/providers/cometapi/fixtures"
import { fixtures as ofXai } from "@reelay/providers/xai/fixtures"
import * as Effect from "effect/Effect"
import { expect } from "./expect.ts"
import { finished, followed, type Life, type Name, names, type Reply, running, worded, wrapped } from "./wire.ts"

const done = (name: Name): Reply => ({ body: finished[name] })
const busy = (name: Name): Reply => ({ body: running[name] })
const url = "https://cdn.test/v.mp4"
const reasonOf = ({ error }: Life): JobError.Reason["_tag"] | undefined => error?.reason._tag
const each = <const Case extends ReadonlyArray<unknown>>(cases: ReadonlyArray<Case>) =>
  names.flatMap((name) => cases.map((one): readonly [Name, ...Case] => [name, ...one]))

describe("statuses", () => {
  it.effect.each(each([["warming_up"], ["NOT_FINISHED"], ["constructor"], ["99"]]))(
    "T1: %s says %s, an unknown status, and the job is followed to its end at the pace",
    ([name, word]) =>
      Effect.gen(function* () {
        const { polledAt, tags } = yield* followed(name, [worded(name, word), worded(name, word), done(name)])
        expect([tags, polledAt]).toEqual([
          ["Submitted", "Succeeded"],
          [10_000, 20_000, 30_000]
        ])
      })
  )

  it.effect.each(each([["succeeded"], ["complete"], ["SUCCESS"], ["finished"], ["ready"]]))(
    "T2: %s says %s in place of its own status, and the job has succeeded at once",
    ([name, word]) =>
      Effect.gen(function* () {
        const { links, polledAt, tags } = yield* followed(name, [worded(name, word, { video: { url }, video_url: url })])
        expect([tags, links, polledAt.length]).toEqual([["Submitted", "Succeeded"], [url], 1])
      })
  )

  it.effect.each(each([["error"], ["fail"], ["FAILURE"], ["rejected"]]))(
    "T2: %s says %s in place of its own status, and the job has failed at once",
    ([name, word]) =>
      Effect.gen(function* () {
        const { last, polledAt } = yield* followed(name, [worded(name, word, { error: "no frames" })])
        expect(last).toMatchObject({ _tag: "Failed", failure: { message: "no frames" } })
        expect(polledAt).toHaveLength(1)
      })
  )

  it.effect.each<readonly [Name, string, Reply]>([
    ...names.map((name): readonly [Name, string, Reply] => [name, "unknown", worded(name, "unknown")]),
    ["cometapi", "UNKNOWN in its wrapper", { body: ofCometapi["query.unknown.with-wrapper"].body }],
    ["cometapi", "nothing in its wrapper", wrapped({ status: "", data: null, progress: "0%" })]
  ])("T3: %s says %s after the submission, which does not fail the job", ([name, , reply]) =>
    Effect.gen(function* () {
      const { tags } = yield* followed(name, [reply, reply, busy(name), done(name)])
      expect(tags).not.toContain("Failed")
      expect(tags.at(-1)).toBe("Succeeded")
    })
  )

  it.effect.each(each([["expired"], ["EXPIRED"]]))("T4: %s says %s, and is not polled again", ([name, word]) =>
    Effect.gen(function* () {
      const { error, polledAt, tags } = yield* followed(name, [worded(name, word)])
      expect([tags.at(-1), error, polledAt.length]).toEqual(["Expired", undefined, 1])
    })
  )

  it.effect.each(names)("T5: %s is read in any case, with spaces around its statuses", (name) =>
    Effect.gen(function* () {
      const shouted = worded(name, "  COMPLETED\n", { video: { url }, video_url: url })
      const { tags } = yield* followed(name, [worded(name, " Processing "), shouted])
      expect(tags).toEqual(["Submitted", "Running", "Succeeded"])
    })
  )

  it.effect.each(names)("T6: %s answers with 422 in place of a result, and its message is reported at once", (name) =>
    Effect.gen(function* () {
      const life = yield* followed(name, [
        busy(name),
        { status: 422, body: { detail: [{ loc: ["image"], msg: "the image has no face" }] } }
      ])
      expect([reasonOf(life), life.polledAt.length]).toEqual(["PollRejected", 2])
      expect(life.error?.message).toContain("the image has no face")
    })
  )

  it.effect.each(each([["canceled"], ["cancelled"], ["aborted"], ["CANCELED"]]))(
    "T7: %s says %s, and is not polled again",
    ([name, word]) =>
      Effect.gen(function* () {
        const { error, last, polledAt } = yield* followed(name, [worded(name, word)])
        expect([last, error, polledAt.length]).toMatchObject([{ _tag: "Cancelled", by: "provider" }, undefined, 1])
      })
  )

  const failed = { status: "failed", error: { code: "internal_error", message: "no frames" } }
  it.effect.each<readonly [string, Reply, "gateway" | "provider"]>([
    [
      "the task is a success and its payload a failure",
      wrapped({ status: "SUCCESS", progress: "100%", fail_reason: "", data: failed }),
      "provider"
    ],
    ["the query is a success and the task a failure", wrapped({ status: "FAILURE", fail_reason: "no frames", data: null }), "gateway"],
    ["the task runs and its payload is a failure", wrapped({ status: "IN_PROGRESS", progress: "30%", data: failed }), "provider"]
  ])("T8: if %s, the job has failed at the first poll", ([, reply, origin]) =>
    Effect.gen(function* () {
      const { last, polledAt } = yield* followed("cometapi", [reply])
      expect(last).toMatchObject({ _tag: "Failed", failure: { origin, message: "no frames" } })
      expect(polledAt).toHaveLength(1)
    })
  )

  it.effect("T8: if the query failed, and not the job, the job is followed", () =>
    Effect.gen(function* () {
      const stale = wrapped({ status: "FAILURE", fail_reason: "upstream did not answer", data: null }, { code: "fail_to_fetch_task" })
      const bare = { body: ofCometapi["query.error.with-wrapper-code"].body }
      const { tags } = yield* followed("cometapi", [bare, stale, done("cometapi")])
      expect(tags).toEqual(["Submitted", "Succeeded"])
    })
  )

  it.effect.each<readonly [Name, Reply]>([
    ["cometapi", { body: { request_id: "job-1" } }],
    ["xai", { status: 202 }]
  ])("T9: %s answers %o without a status, and the job waits", ([name, reply]) =>
    Effect.gen(function* () {
      const { error, tags } = yield* followed(name, [...Array.from({ length: 20 }, () => reply), done(name)])
      expect([tags, error]).toEqual([["Submitted", "Queued", "Succeeded"], undefined])
    })
  )
})

describe("terminal but unusable", () => {
  it.effect.each(["cometapi", "xingchao", "xai"] as const)(
    "T10: %s is done without a URL: failed at the third poll, without spinning",
    (name) =>
      Effect.gen(function* () {
        const { last, polledAt } = yield* followed(name, [worded(name, "completed", { video: { url: null }, video_url: null })])
        expect(last).toMatchObject({ _tag: "Failed", failure: { code: "NoArtifact" } })
        expect(polledAt).toHaveLength(3)
      })
  )

  it.effect("T10: geeknow is done without a URL: its content endpoint has the video", () =>
    Effect.gen(function* () {
      const { last } = yield* followed("geeknow", [worded("geeknow", "completed", { video_url: "" })])
      expect(last).toMatchObject({
        _tag: "Succeeded",
        artifacts: [{ kind: "content", url: "https://gateway.test/v1/videos/job-1/content" }]
      })
    })
  )

  it.effect.each<readonly [Name, Reply]>([
    ["xai", { body: ofXai["videos.done.with-moderation"].body }],
    ["cometapi", { body: ofCometapi["query.done.with-moderation"].body }],
    ["cometapi", { body: ofCometapi["query.done.with-wrapper-and-moderation"].body }]
  ])("T11: %s is done with respect_moderation false: moderated, at the first poll", ([name, reply]) =>
    Effect.gen(function* () {
      const { last, polledAt } = yield* followed(name, [reply])
      expect(last).toMatchObject({ _tag: "Failed", failure: { moderated: true }, billed: "yes" })
      expect(polledAt).toHaveLength(1)
    })
  )

  it.effect.each(["xai", "cometapi"] as const)("T12: %s moderates by a 400 on the poll: failed at once, and billed", (name) =>
    Effect.gen(function* () {
      const { body, status } = ofXai["videos.moderated"]
      const { last, polledAt } = yield* followed(name, [{ body, status }])
      expect(last).toMatchObject({ _tag: "Failed", failure: { moderated: true }, billed: "yes", costUsd: 0.3 })
      expect(polledAt).toHaveLength(1)
    })
  )

  it.effect.each(names)("T12: %s hides the cause in a 400: polling stops at once, with its message, and no end is made up", (name) =>
    Effect.gen(function* () {
      const life = yield* followed(name, [{ status: 400, body: { error: { message: "xAI upstream returned status 400" } } }])
      expect([reasonOf(life), life.polledAt.length, life.tags]).toEqual(["PollRejected", 1, ["Submitted"]])
      expect(life.error?.message).toContain("xAI upstream returned status 400")
      expect(life.error?.message).toContain("may still run and be billed")
    })
  )

  it.effect.each(names)("T13: %s rejects the request only at the poll: reported at once, and not polled again", (name) =>
    Effect.gen(function* () {
      const life = yield* followed(name, [busy(name), { status: 400, body: { code: "invalid_argument", error: "prompt is required" } }])
      expect([reasonOf(life), life.polledAt.length, life.posts]).toEqual(["PollRejected", 2, 1])
      expect(life.error?.message).toContain("prompt is required")
    })
  )

  it.effect.each(names)("T13: what %s does not support is refused before anything is sent", (name) =>
    Effect.gen(function* () {
      const life = yield* followed(name, [done(name)], { request: { duration: 0.5 } })
      expect([reasonOf(life), life.posts]).toEqual(["InvalidRequest", 0])
    })
  )

  it.effect("T14: a video that was made and not stored is a success", () =>
    Effect.gen(function* () {
      const video = {
        url,
        duration: 6,
        respect_moderation: true,
        storage_error: "quota",
        file_output: { public_url_error: "denied", public_url: null }
      }
      const { last } = yield* followed("xai", [{ body: { status: "done", video } }])
      expect(last).toMatchObject({ _tag: "Succeeded", artifacts: [{ url }] })
    })
  )
})

describe("transport", () => {
  it.effect("T15: an empty 202 is a waiting job, however often it comes", () =>
    Effect.gen(function* () {
      const { error, tags } = yield* followed("xai", [...Array.from({ length: 50 }, (): Reply => ({ status: 202 })), done("xai")])
      expect([tags, error]).toEqual([["Submitted", "Queued", "Succeeded"], undefined])
    })
  )

  it.effect.each(
    each([
      ["a page with 200", { headers: { "content-type": "text/html" }, body: "<html>Sign in to the hotel: success, completed</html>" }],
      ["half a success", { body: '{"status":"completed","video_url":"https://cdn' }],
      ["a redirect with a page", { status: 301, headers: { location: "https://elsewhere.test" }, body: "<html>Moved</html>" }]
    ] as const)
  )("T16: %s answers with %s: neither an end nor a storm", ([name, , reply]) =>
    Effect.gen(function* () {
      const passing = yield* followed(name, [reply, done(name)])
      expect(passing.tags).toEqual(["Submitted", "Succeeded"])
      const lasting = yield* followed(name, [reply])
      expect([reasonOf(lasting), lasting.polledAt.length]).toEqual(["BadPayload", 10])
    })
  )

  it.effect.each(
    each([
      [402, "PaymentRequired"],
      [422, "PollRejected"]
    ] as const)
  )("T17: %s answers with %i: polling stops at once, %s", ([name, status, reason]) =>
    Effect.gen(function* () {
      const life = yield* followed(name, [{ status, body: { error: { message: "no", code: "no" } } }])
      expect([reasonOf(life), life.polledAt.length]).toEqual([reason, 1])
    })
  )

  it.effect.each(each([[401], [403]] as const))(
    "T17: %s answers %i about a job that it has accepted: it is polled again, and in the end Unauthorized",
    ([name, status]) =>
      Effect.gen(function* () {
        const body = { error: { message: "no", code: "no" } }
        const passing = yield* followed(name, [{ status, body }, done(name)])
        expect(passing.tags).toEqual(["Submitted", "Succeeded"])
        const life = yield* followed(name, [{ status, body }])
        expect([reasonOf(life), life.polledAt.length, life.error?.again]).toEqual(["Unauthorized", 10, "watch"])
      })
  )

  it.effect.each(names)("T17: a number in a message of %s isn't a status", (name) =>
    Effect.gen(function* () {
      const words = "task 500-502-429 of https://gateway.test/503/504 timed out: network error"
      const life = yield* followed(name, [{ status: 400, body: { error: { message: words, code: "bad_task" } } }])
      expect([reasonOf(life), life.polledAt.length]).toEqual(["PollRejected", 1])
    })
  )

  const passing: ReadonlyArray<readonly [string, Reply]> = [
    ["522", { status: 522 }],
    ["a reset", { breaks: true }],
    ["silence", { hangs: true }],
    ["408", { status: 408 }],
    ["425", { status: 425 }],
    ["500", { status: 500, body: { error: { message: "boom" } } }]
  ]
  it.effect.each(each(passing))("T18: one poll at %s that meets %s costs the job nothing", ([name, , reply]) =>
    Effect.gen(function* () {
      const { error, posts, tags } = yield* followed(name, [busy(name), reply, done(name)])
      expect([tags, error, posts]).toEqual([["Submitted", "Running", "Succeeded"], undefined, 1])
    })
  )

  const unknown: ReadonlyArray<readonly [string, Reply]> = [
    ["404", { status: 404, body: { error: "Task not found" } }],
    ["task_not_exist with 400", { status: 400, body: { code: "task_not_exist", message: "task_not_exist", data: null } }]
  ]
  it.effect.each(each(unknown))("T19: %s answers with %s: not counted for a minute, then final at the third time", ([name, , reply]) =>
    Effect.gen(function* () {
      const early = yield* followed(name, [reply, reply, reply, reply, reply, done(name)])
      expect([early.tags, early.polledAt.at(-1)]).toEqual([["Submitted", "Succeeded"], 60_000])
      const twice = yield* followed(name, [...Array.from({ length: 7 }, () => reply), busy(name), reply, reply, done(name)])
      expect(twice.tags.at(-1)).toBe("Succeeded")
      const late = yield* followed(name, [reply])
      expect([reasonOf(late), late.polledAt.at(-1)]).toEqual(["NotFound", 80_000])
    })
  )

  it.effect.each(names)("T20: %s answers 429 with a Retry-After, and is not polled before; also without one and without a body", (name) =>
    Effect.gen(function* () {
      const limited = yield* followed(name, [{ status: 429, headers: { "retry-after": "75" } }, done(name)])
      expect([limited.tags, limited.polledAt]).toEqual([
        ["Submitted", "Succeeded"],
        [10_000, 85_000]
      ])
      const bare = yield* followed(name, [{ status: 429 }, { status: 429 }, done(name)])
      expect(bare.tags).toEqual(["Submitted", "Succeeded"])
      const never = yield* followed(name, [{ status: 429, headers: { "retry-after": "86400" } }])
      expect([reasonOf(never), never.polledAt]).toEqual(["DeadlineExceeded", [10_000]])
    })
  )
})

describe("submission and money", () => {
  const unclear: ReadonlyArray<readonly [string, Reply]> = [
    ["502", { status: 502, body: "<html>Bad Gateway</html>" }],
    ["a reset", { breaks: true }],
    ["silence", { hangs: true }]
  ]
  it.effect.each(each(unclear))("T24: the POST to %s meets %s: it may be billed, and is not sent again", ([name, , posted]) =>
    Effect.gen(function* () {
      const life = yield* followed(name, [done(name)], { posted })
      expect([reasonOf(life), life.posts, life.polledAt]).toEqual(["SubmitUnknown", 1, []])
    })
  )

  it.effect.each(names)("T25: %s is not done at the deadline: one last poll, and then its reference, not a failure", (name) =>
    Effect.gen(function* () {
      const { error, last, polledAt } = yield* followed(name, [busy(name)])
      expect([error?.reason._tag, error?.ref?.id, last?._tag]).toEqual(["DeadlineExceeded", "job-1", "Running"])
      expect(polledAt.at(-1)).toBe(30 * 60_000)
    })
  )

  it.effect.each(names)("T27: %s accepts without an id: the request's id isn't one, and nothing is sent again", (name) =>
    Effect.gen(function* () {
      const life = yield* followed(name, [done(name)], { posted: { headers: { "x-request-id": "req-7" }, body: { status: "queued" } } })
      expect([life.error?.reason, life.posts, life.polledAt]).toMatchObject([
        { _tag: "SubmitUnknown", sent: { requestId: "req-7" } },
        1,
        []
      ])
    })
  )

  it.effect.each<readonly [Name, string]>([
    ["cometapi", "request_id"],
    ["cometapi", "task_id"],
    ["cometapi", "id"],
    ["geeknow", "id"],
    ["geeknow", "task_id"],
    ["xai", "request_id"],
    ["xai", "id"],
    ["xingchao", "id"],
    ["xingchao", "task_id"]
  ])("T27: the id of a job at %s may be in %s", ([name, field]) =>
    Effect.gen(function* () {
      const { states } = yield* followed(name, [done(name)], { posted: { body: { [field]: "job-7" } } })
      expect(states[0]).toMatchObject({ _tag: "Submitted", ref: { id: "job-7" } })
    })
  )
})

describe("fields", () => {
  it.effect("T28: a percentage with its sign, one that jumps, falls, is missing or full: never falls, and ends nothing", () =>
    Effect.gen(function* () {
      const answers = ["42%", 30, null, "90", 100, 100].map((progress) => worded("geeknow", "processing", { progress }))
      const { states } = yield* followed("geeknow", [...answers, done("geeknow")])
      const seen = states.map((state) => (state._tag === "Running" ? state.progress : state._tag))
      expect(seen).toEqual(["Submitted", 0.42, 0.9, 1, "Succeeded"])
    })
  )

  it.effect("T28: progress that a gateway makes up for a status is estimated", () =>
    Effect.gen(function* () {
      const { states } = yield* followed("cometapi", [wrapped({ status: "IN_PROGRESS", progress: "30%", data: null }), done("cometapi")])
      expect(states[1]).toMatchObject({ _tag: "Running", progress: 0.3, progressSource: "estimated" })
    })
  )

  it.effect("T28: a failure at 100 % is a failure", () =>
    Effect.gen(function* () {
      const { last, polledAt } = yield* followed("cometapi", [
        wrapped({ status: "FAILURE", progress: "100%", fail_reason: "no frames", data: null })
      ])
      expect([last, polledAt.length]).toMatchObject([{ _tag: "Failed", failure: { message: "no frames" } }, 1])
    })
  )

  const lengths: ReadonlyArray<readonly [unknown, number | undefined]> = [
    [6, 6],
    ["6", 6],
    [4.5, 4.5],
    ["4.000000", 4],
    ["six", undefined],
    [null, undefined]
  ]
  it.effect.each(each(lengths))(
    "T29: %s writes the seconds of a video as %j, and the job succeeds all the same",
    ([name, seconds, durationSeconds]) =>
      Effect.gen(function* () {
        const fields = { seconds, actualDuration: seconds, video: { url, duration: seconds }, video_url: url }
        const { last, links } = yield* followed(name, [worded(name, "completed", fields)])
        expect([last?._tag, links, last?._tag === "Succeeded" && last.durationSeconds]).toEqual(["Succeeded", [url], durationSeconds])
      })
  )

  it.effect.each(each([[null], [""], [0], [{}], [{ message: "", code: "" }], [[]]]))(
    "T30: %s writes absence as %j, and a running job continues",
    ([name, nothing]) =>
      Effect.gen(function* () {
        const empty = { error: nothing, model: nothing, expires_at: nothing, completed_at: nothing, video_url: nothing, video: nothing }
        const { error, tags } = yield* followed(name, [worded(name, "processing", empty), done(name)])
        expect([tags, error]).toEqual([["Submitted", "Running", "Succeeded"], undefined])
      })
  )

  it.effect("T31: the link in fail_reason is the video of a success, and a text there is not", () =>
    Effect.gen(function* () {
      const made = yield* followed("cometapi", [wrapped({ status: "SUCCESS", fail_reason: url, data: null })])
      expect(made.last).toMatchObject({ _tag: "Succeeded", artifacts: [{ url }] })
      const words = yield* followed("cometapi", [
        wrapped({ status: "SUCCESS", fail_reason: "upstream gave up", result_url: "upstream gave up" })
      ])
      expect(words.last).toMatchObject({ _tag: "Failed", failure: { code: "NoArtifact" } })
    })
  )

  it.effect("T31: a link in a failure isn't a video", () =>
    Effect.gen(function* () {
      const { last } = yield* followed("cometapi", [wrapped({ status: "FAILURE", fail_reason: "no frames", result_url: url, data: null })])
      expect(last).toMatchObject({ _tag: "Failed", failure: { message: "no frames" } })
      expect(last).not.toHaveProperty("artifacts")
    })
  )

  it.effect.each(
    each([
      ["no frames", "no frames", undefined],
      [{ code: "x1", message: "no frames" }, "no frames", "x1"],
      [{ code: 13, message: "no frames" }, "no frames", "13"],
      [{ detail: [{ loc: ["body"], msg: "no frames" }] }, "no frames", undefined],
      [[], "the provider gave no reason", undefined]
    ] as const)
  )("T32: %s writes an error as %j, and it reads as %j", ([name, error, message, code]) =>
    Effect.gen(function* () {
      const { last } = yield* followed(name, [worded(name, "failed", { error })])
      expect(last).toMatchObject({ _tag: "Failed", failure: { message, ...(code === undefined ? {} : { code }) } })
    })
  )

  it.effect.each([1_735_776_000, "1735776000", 1_735_776_000_000, "2025-01-02T00:00:00Z"])(
    "T33: %j is the same time in each form",
    (expires_at) =>
      Effect.gen(function* () {
        const { last } = yield* followed("geeknow", [{ body: { ...finished.geeknow, expires_at } }])
        expect(last).toMatchObject({ _tag: "Succeeded", expiresAt: 1_735_776_000_000 })
      })
  )

  it.effect.each(names)("T33: %s gives a time of completion to a running job, which still runs", (name) =>
    Effect.gen(function* () {
      const times = { completed_at: 1_735_689_700, finish_time: 1_735_689_700, updated_at: 1_735_689_700 }
      const { tags } = yield* followed(name, [worded(name, "processing", times), done(name)])
      expect(tags).toEqual(["Submitted", "Running", "Succeeded"])
    })
  )

  it.effect("T34: a gateway that changes its form in the middle of a job is followed", () =>
    Effect.gen(function* () {
      const [flat, wrapper] = [{ body: ofCometapi["query.done"].body }, { body: ofCometapi["query.in-progress.with-wrapper"].body }]
      const forth = yield* followed("cometapi", [wrapper, flat])
      const back = yield* followed("cometapi", [{ body: ofCometapi["query.processing"].body }, done("cometapi")])
      expect([forth.tags, back.tags]).toEqual([
        ["Submitted", "Running", "Succeeded"],
        ["Submitted", "Running", "Succeeded"]
      ])
    })
  )

  it.effect("T34: new-api's newer form, without id and URL, is a success whose video is at the content endpoint", () =>
    Effect.gen(function* () {
      const newer = { task_id: "job-1", platform: "48", progress: "100%", status: "SUCCESS", fail_reason: "", finished_at: 1_735_689_700 }
      const { last } = yield* followed("geeknow", [{ body: newer }])
      expect(last).toMatchObject({ _tag: "Succeeded", artifacts: [{ kind: "content" }] })
    })
  )
})
