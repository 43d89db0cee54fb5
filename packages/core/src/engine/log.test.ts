import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "../../test/expect.ts"
import { done, key, listen, provider, type Reply, request, said, script } from "../../test/fake.ts"
import * as Job from "../Job.ts"

/** The lines of a job that is watched to its end. */
const lines = Effect.fnUntraced(function* (polls: ReadonlyArray<Reply>, options: Job.SubmitOptions = {}) {
  const written: Array<string> = []
  const log = Logger.make(({ logLevel, message }) => void written.push(`${logLevel} ${String(message)}`))
  const net = script({ polls })
  yield* Effect.gen(function* () {
    const handle = yield* Job.submit(provider, request, options).pipe(Effect.provide(net.layer))
    yield* listen(handle)
    yield* TestClock.adjust("2 hours")
  }).pipe(Effect.provideService(References.MinimumLogLevel, "Debug"), Effect.provide(Logger.layer([log])))
  return written
})

describe("the log", () => {
  it.effect("follows a job from its submission to its end, poll by poll", () =>
    Effect.gen(function* () {
      const polls: ReadonlyArray<Reply> = [
        said("queued"),
        said("running"),
        { status: 502, body: { error: "boom" } },
        said("running", { progress: 42 }),
        { breaks: new Error("socket hang up") },
        { ...said("cooking"), headers: { "retry-after": "7.5" } },
        { status: 404 },
        done
      ]
      expect(yield* lines(polls)).toEqual([
        "Debug Submission 1 to fake: HTTP 200, Accepted",
        "Debug Poll 1 of fake job job-1: HTTP 200, Queued",
        "Debug Polling fake job job-1 in 5 s",
        "Debug Poll 2 of fake job job-1: HTTP 200, Running",
        "Debug Polling fake job job-1 in 5 s",
        "Debug Poll 3 of fake job job-1: HTTP 502, Missed: HTTP 502: boom",
        "Debug Polling fake job job-1 in 5 s",
        "Debug Poll 4 of fake job job-1: HTTP 200, Running, 42 %",
        "Debug Polling fake job job-1 in 5 s",
        "Debug Poll 5 of fake job job-1: Missed: socket hang up",
        "Debug Polling fake job job-1 in 5 s",
        'Debug Poll 6 of fake job job-1: HTTP 200, an unknown status, "cooking"',
        "Debug Polling fake job job-1 in 7.5 s",
        "Debug Poll 7 of fake job job-1: HTTP 404, NotFound: HTTP 404",
        "Debug Polling fake job job-1 in 5 s",
        "Debug Poll 8 of fake job job-1: HTTP 200, Succeeded"
      ])
    })
  )

  it.effect.each<[string, Reply]>([
    ["HTTP 200, Failed: no face in the image", said("failed", { error: "no face in the image" })],
    ["HTTP 200, Expired", said("expired")],
    ["HTTP 200, Cancelled", said("cancelled")],
    ["HTTP 402, Refused: not with <key>", { status: 402, body: { error: `not with ${key}` } }]
  ])("says with its last line how it ended: %s", ([line, reply]) =>
    Effect.gen(function* () {
      expect((yield* lines([reply])).slice(1)).toEqual([`Debug Poll 1 of fake job job-1: ${line}`])
    })
  )

  it.effect("says that no poll may come before the deadline", () =>
    Effect.gen(function* () {
      const polls = [{ ...said("running"), headers: { "retry-after": "90" } }]
      expect((yield* lines(polls)).at(-1)).toBe("Debug Giving up on fake job job-1 in 58 s")
    })
  )

  it.effect("warns of a listener that fails, since nothing else reports it", () =>
    Effect.gen(function* () {
      const all = yield* lines([done], { onSubmitted: () => Effect.die("the listener's own") })
      expect(all.filter((line) => line.startsWith("Warn"))).toEqual(["Warn onSubmitted failed; the job continues"])
    })
  )
})
