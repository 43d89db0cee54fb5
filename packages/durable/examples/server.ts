/** A web server that takes jobs and streams their states, and two workers, on one PostgreSQL. Run it as often as you like, on as many machines. */
import { ArtifactStore, createDurable, DurableError } from "@reelay/durable"
import { xai } from "@reelay/providers/xai"
import { createServer } from "node:http"

const database = process.env["DATABASE_URL"] ?? "jobs.db"
const apiKey = process.env["REELAY_XAI_API_KEY"] ?? ""
const durable = createDurable({ database })
const artifacts = ArtifactStore.folder("videos")
for (const concurrency of [32, 32]) await durable.worker({ providers: [xai({ apiKey, account: "films" })], artifacts, concurrency })

const server = createServer((request, response) => {
  const key = decodeURIComponent(new URL(request.url ?? "/", "http://server").pathname.slice(1))
  const answer = async () => {
    if (request.method === "POST") {
      const prompt = (await request.setEncoding("utf8").toArray()).join("")
      return response.end(`${await durable.submit(key, { provider: "xai", request: { prompt } })}\n`)
    }
    response.writeHead(200, { "content-type": "text/event-stream" })
    for await (const { state } of durable.states(key)) response.write(`data: ${state._tag}\n\n`)
    return response.end()
  }
  answer().catch((error: unknown) => response.end(error instanceof DurableError.KeyTaken ? `${error.message}\n` : "failed\n"))
})
server.listen(8080)

process.once("SIGTERM", () => {
  server.close()
  // Waits for each submission that has begun.
  void durable.close().then(() => process.exit(0))
})
