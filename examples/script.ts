// From a prompt to a file in this folder: node script.ts "A red fox in the snow."
import { createClient } from "@reelay/node"
import { xai } from "@reelay/providers/xai"

const { XAI_API_KEY: apiKey = "", XAI_BASE_URL: baseUrl } = process.env
const [prompt = "A red fox in the snow."] = process.argv.slice(2)

const client = createClient({ provider: xai({ apiKey, baseUrl }) })
const job = await client.submit({ prompt })
for await (const state of job) console.log(state._tag, state._tag === "Running" ? (state.progress ?? "") : "")
const { path } = await job.saveIn(".")
console.log(`Saved ${path}`)
