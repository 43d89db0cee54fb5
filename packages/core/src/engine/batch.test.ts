import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { disk } from "../../test/disk.ts"
import { expect } from "../../test/expect.ts"
import { done, provider, type Reply, request, said, script, transport } from "../../test/fake.ts"
import { memory, withJournal } from "../../test/journal.ts"
import { ref, succeeded } from "../../test/samples.ts"
import * as Artifact from "../artifact/Artifact.ts"
import * as Job from "../Job.ts"
import type * as Journal from "../journal/Journal.ts"
import * as KeyValueJournal from "../journal/KeyValueJournal.ts"

type Net = ReturnType<typeof script>

const fox = [["fox", request]] as const
const mp4 = new TextEncoder().encode("....ftyp")

/** All that one run of many jobs tells, and the failure that it ends with. */
const ran = (net: Net, journal: Journal.Journal["Service"], options: Job.RunAllOptions = {}, requests: typeof fox = fox) =>
  Effect.gen(function* () {
    const events: Array<Job.BatchEvent> = []
    const all = Stream.runForEach(Job.runAll(provider, requests, options), (event) => Effect.sync(() => void events.push(event)))
    const fiber = yield* Effect.forkChild(Effect.result(all))
    // What begins at one moment must find its sleeps still ahead.
    yield* TestClock.adjust(0)
    yield* Effect.forEach(Array(60), () => TestClock.adjust("1 second"), { discard: true })
    const result = yield* Fiber.join(fiber)
    return { events, failure: result._tag === "Failure" ? result.failure : undefined }
  }).pipe(Effect.provide(net.layer), withJournal(journal))

describe("a batch that was run before", () => {
  const unclear: Reply = { status: 502, body: "<html>" }

  it.effect.each<
    [string, object, { readonly first?: Reply; readonly meanwhile?: (store: ReturnType<typeof memory>) => void; readonly prompt?: string }]
  >([
    [
      "damaged",
      {
        _tag: "SubmitUnknown",
        detail:
          "the entry of fox in the batch winter is no entry: it is cut or foreign; whether it was paid for is unknown, so it was not sent again"
      },
      { meanwhile: ({ data }) => [...data.keys()].forEach((id) => data.set(id, "{")) }
    ],
    [
      "of another request",
      {
        _tag: "InvalidRequest",
        field: "fox",
        rule: "was another request when the batch winter submitted it: give a new key, or a new batch"
      },
      { prompt: "another fox" }
    ],
    [
      "with an unknown outcome",
      {
        _tag: "SubmitUnknown",
        detail: "HTTP 502 with a page instead of JSON: <html>",
        sent: { kind: "generation", at: 0, baseUrl: "https://api.fake.test", account: "me" }
      },
      { first: unclear }
    ]
  ])("tells what keeps it from sending a request again: its entry is %s", ([, reason, { first, meanwhile, prompt = request.prompt }]) =>
    Effect.gen(function* () {
      const store = memory()
      yield* ran(script({ posts: [first ?? { body: { id: "job-1" } }], polls: [done] }), store.restart(), { batch: "winter" })
      meanwhile?.(store)
      const net = script({})
      const again = yield* ran(net, store.restart(), { batch: "winter" }, [["fox", { prompt }]])
      expect(again).toMatchObject({
        events: [{ _tag: "Error", key: "fox", error: { reason, provider: "fake", operation: "submit", attempt: 0 } }],
        failure: undefined
      })
      expect(net.requests).toEqual([])
    })
  )

  it.effect("leaves a request to the process that works on it", () =>
    Effect.gen(function* () {
      const store = memory()
      const elsewhere = KeyValueJournal.make(store.store, { claims: { acquire: () => Effect.succeed(false), release: () => Effect.void } })
      const net = script({ polls: [said("running")] })
      const { events } = yield* ran(net, elsewhere, { batch: "winter" })
      const detail = "another process works on fox in the batch winter"
      expect(events).toMatchObject([
        { key: "fox", error: { reason: { _tag: "JournalFailed", detail }, provider: "fake", operation: "submit", attempt: 0 } }
      ])
      expect(net.requests).toEqual([])
    })
  )

  it.effect.each([false, true])(
    "asks nobody for a video that is on disk already, and tells where its job is (stopOnFailure: %s)",
    (stopOnFailure) =>
      Effect.gen(function* () {
        const store = memory()
        const options: Job.RunAllOptions = { batch: "winter", saveTo: (name) => `${name}.mp4`, stopOnFailure }
        const journal = store.restart()
        yield* ran(script({ polls: [done] }), journal, options)
        const files = transport(() => ({ body: mp4 }))
        yield* Artifact.save(provider, succeeded, "fox.mp4").pipe(Effect.provide([files.layer, disk().layer]), withJournal(journal))
        const net = script({})
        expect(yield* ran(net, store.restart(), options)).toEqual({ events: [{ _tag: "Saved", key: "fox", ref }], failure: undefined })
        expect(net.requests).toEqual([])
      })
  )
})

describe("many jobs without a batch", () => {
  it.effect("are paid for anew by each run, though there is a journal", () =>
    Effect.gen(function* () {
      const journal = memory().restart()
      const net = script({ polls: [done] })
      for (let run = 0; run < 2; run++) {
        const { events } = yield* ran(net, journal)
        expect(events).toMatchObject([
          { _tag: "State", key: "fox", state: { _tag: "Submitted" } },
          { _tag: "State", key: "fox", state: { _tag: "Succeeded" } }
        ])
      }
      expect(net.posts()).toHaveLength(2)
    })
  )

  it.effect("show the refusal that ends them, if the first failure ends all", () =>
    Effect.gen(function* () {
      const refused = { reason: { _tag: "InvalidRequest", field: "prompt" }, provider: "fake", operation: "submit", attempt: 0 }
      const stopped = yield* ran(script({}), memory().restart(), { stopOnFailure: true }, [["fox", { prompt: "" }]])
      expect(stopped).toMatchObject({ events: [{ _tag: "Error", key: "fox", error: refused }], failure: refused })
    })
  )
})
