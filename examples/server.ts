// Videos for a page, while the key stays on the server: node server.ts
//   POST /videos { "prompt": "..." }  submits, and answers with an id
//   GET  /videos/:id                  the state of the job
//   GET  /videos/:id/file             the video, once it is made
import { serve } from "@hono/node-server"
import { createClient, type NodeJob } from "@reelay/node"
import { xai } from "@reelay/providers/xai"
import { Hono } from "hono"

const { PORT = "3000", XAI_API_KEY: apiKey = "", XAI_BASE_URL: baseUrl } = process.env
const client = createClient({ provider: xai({ apiKey, baseUrl }) })
// With a journal in place of this map, jobs would survive a restart.
const jobs = new Map<string, NodeJob>()

const app = new Hono()
app.post("/videos", async (context) => {
  const { prompt } = await context.req.json<{ prompt: string }>()
  const job = await client.submit({ prompt })
  jobs.set(job.ref.id, job)
  return context.json({ id: job.ref.id }, 202)
})
app.get("/videos/:id", (context) => {
  const state = jobs.get(context.req.param("id"))?.current()
  if (state === undefined) return context.notFound()
  // A state has the job's reference and signed links, which are nobody else's business.
  return context.json({ state: state._tag, progress: state._tag === "Running" ? state.progress : undefined })
})
app.get("/videos/:id/file", async (context) => {
  const job = jobs.get(context.req.param("id"))
  if (job === undefined) return context.notFound()
  return context.body(await job.bytes({ signal: context.req.raw.signal }), 200, { "content-type": "video/mp4" })
})
app.onError((error, context) => context.json({ error: error.message }, 502))

serve({ fetch: app.fetch, port: Number(PORT) }, ({ port }) => console.log(`http://localhost:${port}`))
