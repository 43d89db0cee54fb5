/** Our own client, explored like any other: a hundred worlds per provider, judged by the mock. */
import { Artifact, Job, Provider } from "@reelay/core"
import { Mock } from "@reelay/mock-server"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import * as Virtual from "../src/internal/virtual.ts"
import { type Definition, definitions } from "./subjects.ts"

/** The part of the mock's answer about an exploration that is read here. */
interface At {
  readonly session: string
  readonly case: number
  readonly base: string
  readonly done: boolean
  readonly ok: boolean
}

const pace = 5000

/** Makes a video at `base`, reports to the mock what it saw, and fetches the file. A failure is a result too. */
const makeVideo = (definition: Definition, base: string, trace: (id: string, states: ReadonlyArray<string>) => Promise<void>) =>
  Effect.gen(function* () {
    const provider = Provider.configure(definition)({ apiKey: "key", baseUrl: base })
    const handle = yield* Job.submit(provider, { prompt: "A candle" }, { pace, deadline: "1 hour" })
    const states = yield* Stream.runCollect(handle.states)
    yield* Effect.promise(() =>
      trace(
        handle.ref.id,
        states.map(({ _tag }) => _tag.toLowerCase())
      )
    )
    const last = states.at(-1)
    return last?._tag === "Succeeded" ? (yield* Artifact.bytes(provider, last)).byteLength : 0
  }).pipe(
    Effect.orElseSucceed(() => 0),
    Random.withSeed(1)
  )

describe.each(definitions)("the client at $name", (definition) => {
  it("does nothing wrong in a hundred worlds", async () => {
    let time: Virtual.World | undefined
    let videos = 0
    const mock = Mock.make({ now: () => time?.now() ?? 0, filesAt: "http://files.test" })
    const fetch = Mock.fetchOf(mock)
    const call = async (url: string, body: unknown): Promise<At> => {
      const answer = await fetch(url, { method: "POST", body: JSON.stringify(body) })
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- The mock's own answers; a wrong one fails the test.
      return (await answer.json()) as At
    }
    let at = await call("http://mock.test/__mock/explore", { provider: definition.name })
    while (!at.done) {
      const { base } = at
      const trace = async (job: string, states: ReadonlyArray<string>): Promise<void> => {
        await call(`${base}/__mock/trace`, { job, states })
      }
      const size = await Virtual.run((world) => {
        time = world
        const busy: typeof globalThis.fetch = (input, init) => {
          const idle = world.busy()
          return fetch(input, init).finally(idle)
        }
        return makeVideo(definition, base, trace).pipe(
          Effect.provide(FetchHttpClient.layer),
          Effect.provideService(FetchHttpClient.Fetch, busy)
        )
      })
      if (size > 0) videos += 1
      at = await call(`http://mock.test/__mock/explore/${at.session}`, { verdict: "pass", case: at.case })
    }
    expect(at).toEqual({ session: "1", case: 100, done: true, ok: true, runs: 100 })
    expect(videos).toBeGreaterThan(30)
  })
})
