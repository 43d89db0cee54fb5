/** A small server that answers as xAI and fal do, and goes wrong where a test says so. What it was asked is counted. */
import { once } from "node:events"
import { createServer } from "node:http"

export interface Answer {
  readonly status: number
  readonly body: string
  readonly type?: string
}

/** `lost`: the request is taken, and the connection ends without an answer. */
export interface Fault {
  readonly submit?: "lost"
  /** In place of this poll's answer, counted from one. */
  readonly poll?: (count: number) => Answer | undefined
}

const json = (body: object, status = 200): Answer => ({ status, body: JSON.stringify(body), type: "application/json" })
const response_url = "https://queue.fal.run/acme/video/requests/job-1"
const url = "https://files.example.com/video.mp4"

export const pending = json({ status: "pending", progress: 42 }, 202)
export const html: Answer = { status: 200, body: "<!doctype html><title>One API</title>", type: "text/html" }
export const down: Answer = { status: 503, body: "upstream is down", type: "text/plain" }

/** As fal writes what the pages of xAI write in other words. */
const forFal = (answer: Answer): Answer =>
  answer === pending ? json({ status: "IN_PROGRESS", request_id: "job-1", logs: [], response_url }, 202) : answer

const submitted = (isFal: boolean): Answer =>
  isFal ? json({ request_id: "job-1", status: "IN_QUEUE", queue_position: 0, response_url }) : json({ request_id: "job-1" })

const finished = (path: string): Answer => {
  if (path.endsWith("/status")) return json({ status: "COMPLETED", request_id: "job-1", logs: [], response_url })
  if (path.startsWith("/fal/")) return json({ video: { url } })
  return json({ status: "done", model: "grok-imagine-video", video: { url, duration: 6, respect_moderation: true } })
}

export const serveFaulty = async ({ poll = () => undefined, submit }: Fault) => {
  const counts = { submits: 0, polls: 0 }
  const server = createServer((request, response) => {
    const path = (request.url ?? "").split("?")[0] ?? ""
    const isFal = path.startsWith("/fal/")
    const answered = ({ body, status, type = "application/json" }: Answer): void => {
      response.writeHead(status, { "content-type": type }).end(body)
    }
    request.resume().on("end", () => {
      if (request.method === "POST") {
        counts.submits += 1
        if (submit === "lost") request.socket.destroy()
        else answered(submitted(isFal))
      } else if (isFal && !path.endsWith("/status")) answered(finished(path))
      else {
        counts.polls += 1
        const fault = poll(counts.polls)
        if (fault === undefined) answered(finished(path))
        else answered(isFal ? forFal(fault) : fault)
      }
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return {
    counts,
    base: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, "close")
    }
  }
}
