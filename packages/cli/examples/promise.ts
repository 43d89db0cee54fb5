import { serve } from "@reelay/mock-server/node"
import { createClient } from "@reelay/node"
import { xai } from "@reelay/providers/xai"

const mock = await serve({ duration: 3000 }) // with a real key: xai({ apiKey }), and no mock
const client = createClient({ provider: xai({ apiKey: "any-key", baseUrl: `${mock.url}/xai` }), pace: "500 millis" })
const job = await client.submit({ prompt: "A candle flickers on a wooden table.", duration: 6 })
for await (const state of job) console.log(state._tag, state._tag === "Running" ? state.progress : "")
const { bytes, path } = await job.save("candle.mp4")
console.log(`${path}: ${bytes} bytes`)
await mock.close()
