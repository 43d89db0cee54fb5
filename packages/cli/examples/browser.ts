import { createClient, inStorage } from "@reelay/core/promise"
import { xai } from "@reelay/providers/xai"

const provider = xai({ apiKey: "any-key", baseUrl: "http://127.0.0.1:8787/xai" }) // npm run reelay-mock -- --cors
const client = createClient({ provider, pace: "500 millis", journal: inStorage(() => localStorage) })
const job = await client.submit({ prompt: "A candle flickers on a wooden table." }, { key: "candle" }) // after a reload: the same job
for await (const state of job) document.title = state._tag
const video = document.body.appendChild(document.createElement("video"))
video.src = await job.url()
