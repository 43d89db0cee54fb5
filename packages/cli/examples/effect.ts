import { Artifact, Job } from "@reelay/core"
import { serve } from "@reelay/mock-server/node"
import { Transport } from "@reelay/node"
import { cometapi } from "@reelay/providers/cometapi"
import * as Effect from "effect/Effect"

const mock = await serve({ duration: 3000 })
const provider = cometapi({ apiKey: "any-key", baseUrl: `${mock.url}/cometapi` })
const video = Job.submit(provider, { prompt: "mock:flaky A red fox in the snow.", duration: 5 }, { pace: "500 millis" }).pipe(
  Effect.flatMap(({ result }) => Effect.flatMap(result, (state) => Artifact.bytes(provider, state))),
  Effect.catchReason("JobError", "SubmitUnknown", () => Effect.fail("it may be billed: look for it before you submit again"))
)
console.log("bytes:", (await Effect.runPromise(Effect.provide(video, Transport.layer()))).byteLength)
await mock.close()
