import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "../../test/expect.ts"
import { definition, key, request, script } from "../../test/fake.ts"
import { memory, withJournal } from "../../test/journal.ts"
import * as Job from "../Job.ts"
import * as Provider from "../provider/Provider.ts"
import type { Journal } from "./Journal.ts"

/** Submits, and returns the journal's entry. */
const kept = Effect.fnUntraced(function* (call: Provider.Call, journal: Journal["Service"]) {
  const sending = Provider.configure({ ...definition, submission: () => Effect.succeed({ kind: "generation", call }) })
  const net = script({})
  yield* Job.submit(sending({ apiKey: key, account: "me" }), request).pipe(Effect.provide(net.layer), withJournal(journal))
  return yield* journal.entries
})

describe("an entry", () => {
  // A batch may continue under a later version of Reelay: another digest of the same request would then be refused as another request.
  it.effect.each<[string, Provider.Call, string]>([
    ["no body", { method: "POST", path: "/jobs" }, "220fae46001b6fa30b36e012624f35f4010ff71b5b9f7142ce29c07eb3e2e583"],
    [
      "a body of JSON",
      { method: "POST", path: "/jobs", body: { _tag: "Json", value: { prompt: "a fox in the snow" } } },
      "87acca05649196df65c34383aed0fcbad3515277de3007116eb6e2cefe30f192"
    ],
    [
      "a form with a text and a file",
      {
        method: "POST",
        path: "/jobs",
        body: {
          _tag: "Multipart",
          parts: [
            { name: "prompt", value: "a fox" },
            { name: "image", value: new Blob([new Uint8Array([1, 2, 3])]), filename: "fox.png" }
          ]
        }
      },
      "e222890c6a05a1c5d15acfe8bb6cd3c90703db979fc2db85fe1388aac80eb974"
    ]
  ])("keeps one digest of a request in all versions: %s", ([, call, digest]) =>
    Effect.gen(function* () {
      expect(yield* kept(call, memory().restart())).toMatchObject([{ digest }])
    })
  )

  it.effect("has an id that sorts by when it was written", () =>
    Effect.gen(function* () {
      const journal = memory().restart()
      const call: Provider.Call = { method: "POST", path: "/jobs" }
      yield* TestClock.adjust(35)
      yield* kept(call, journal)
      yield* TestClock.adjust(1)
      const ids = (yield* kept(call, journal)).map(({ id }) => id)
      expect(ids).toEqual([
        expect.stringMatching(/^00000000z-220fae46001b-[\da-f]{16}$/u),
        expect.stringMatching(/^000000010-220fae46001b-[\da-f]{16}$/u)
      ])
      expect(ids.toSorted()).toEqual(ids)
    })
  )
})
