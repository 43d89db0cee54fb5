import {
  generateVideo,
  generationParamsFromRequest,
  memoryStream,
  resumeServerSentEventsResponse,
  toServerSentEventsResponse
} from "@tanstack/ai"
import { grokVideo } from "@tanstack/ai-grok"
import { Hono } from "hono"
import { start, visitorOf } from "../app.ts"

// In place of `@tanstack/ai-persistence`: the last run of each visitor.
const runs = new Map<string, string>()

const app = new Hono()

app.post("/api/video", async ({ req }) => {
  const visitor = visitorOf(req.header("cookie"))
  if (visitor === undefined) return new Response(null, { status: 401 })
  const durability = memoryStream(req.raw)
  const { input, runId = crypto.randomUUID(), threadId = "" } = await generationParamsFromRequest("video", req.raw)
  if (typeof input.prompt !== "string") return new Response(null, { status: 400 })
  if (durability.resumeFrom() === null) runs.set(visitor, runId)
  const stream = generateVideo({ adapter: grokVideo("grok-imagine-video"), prompt: input.prompt, runId, threadId, stream: true })
  return toServerSentEventsResponse(stream, { durability: { adapter: durability } })
})

app.get("/api/video", ({ req }) => {
  const runId = runs.get(visitorOf(req.header("cookie")) ?? "")
  if (runId === undefined) return Response.json({ resumeSnapshot: null, activeRun: null })
  const durability = memoryStream(req.raw)
  if (durability.resumeFrom() !== null)
    return req.query("runId") === runId ? resumeServerSentEventsResponse({ adapter: durability }) : new Response(null, { status: 404 })
  const resumeState = { threadId: req.query("threadId") ?? "", runId }
  return Response.json({ resumeSnapshot: { schemaVersion: 1, resumeState, status: "running" }, activeRun: { runId } })
})

start(app, import.meta.dirname)
