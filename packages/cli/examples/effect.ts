import { Artifact, Job } from "@reelay/core"
import { serve } from "@reelay/mock-server/node"
import { Transport } from "@reelay/node"
import { cometapi } from "@reelay/providers/cometapi"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const mock = await serve({ duration: 3000 })
const provider = cometapi({ apiKey: "any-key", baseUrl: `${mock.url}/cometapi` })

const program = Effect.gen(function* () {
  const handle = yield* Job.submit(provider, { prompt: "mock:flaky A red fox in the snow.", duration: 5 }, { pace: "500 millis" })
  yield* Effect.forkChild(Stream.runForEach(handle.states, (state) => Console.log(state._tag)))
  const video = yield* handle.result
  return (yield* Artifact.bytes(provider, video)).byteLength
}).pipe(
  Effect.catchTag("JobFailed", ({ state }) => Effect.fail(`the ${state.failure.origin} failed it: ${state.failure.message}`)),
  Effect.catchReason("JobError", "SubmitUnknown", () => Effect.fail("it may be billed: check the account before you submit again"))
)

console.log("bytes:", await Effect.runPromise(Effect.provide(program, Transport.layer())))
await mock.close()
