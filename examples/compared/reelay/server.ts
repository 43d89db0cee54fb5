import { FileJournal } from "@reelay/node"
import { xai } from "@reelay/providers/xai"
import { createRelay } from "@reelay/relay/node"
import { Hono } from "hono"
import { start, visitorOf } from "../app.ts"

const { XAI_API_KEY: apiKey = "", XAI_BASE_URL: baseUrl } = process.env

const relay = createRelay({
  providers: [xai({ apiKey, baseUrl })],
  journal: FileJournal.make("jobs"),
  authorize: ({ headers }) => {
    const user = visitorOf(headers.get("cookie"))
    return user === undefined ? undefined : { user }
  }
})

start(
  new Hono().all("/api/video/*", ({ req }) => relay(req.raw)),
  import.meta.dirname
)
