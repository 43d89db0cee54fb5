/**
 * xAI: https://docs.x.ai/developers/rest-api-reference/inference/videos
 */
import { fixtures } from "@reelay/providers/xai/fixtures"
import { type Answer, type Provider, type Job, type Reason, type Scene, statusOf } from "../../provider/Provider.ts"
import { edits, extensions, generations } from "./rules.ts"

/** Ticks of a second of video at 480p: a cent is 100,000,000 ticks, the documented sample bills 5 cents a second. */
const ticksPerSecond = 500_000_000

const usage = (job: Job) => ({ cost_in_usd_ticks: job.seconds * ticksPerSecond })

const moderated = (job: Job): Answer => {
  const form = job.script.moderation ?? "http-400"
  switch (form) {
    case "http-400": {
      const { status, body } = fixtures["videos.moderated"]
      return { status, body: { ...body, usage: usage(job) } }
    }
    case "http-400-first-code":
      return fixtures["videos.moderated.with-first-code"]
    case "failed": {
      const { status, body } = fixtures["videos.failed.with-moderation"]
      return { status, body: { ...body, usage: usage(job) } }
    }
    case "done": {
      const { status, body } = fixtures["videos.done.with-moderation"]
      return { status, body: { ...body, video: { ...body.video, duration: job.seconds }, model: job.model, usage: usage(job) } }
    }
  }
}

const done = (job: Job, url: string | null): Answer => {
  const { status, body } = fixtures["videos.done.with-usage"]
  return { status, body: { ...body, video: { ...body.video, url, duration: job.seconds }, model: job.model, usage: usage(job) } }
}

const pending = (job: Job, progress: number | string | undefined): Answer => {
  const { status, body } = fixtures["videos.pending"]
  return { status, body: { ...body, progress, model: job.model } }
}

const write = ({ job, moment, url }: Scene): Answer => {
  switch (moment._tag) {
    case "Submitted":
      // 202 with an empty body while running: vercel/ai#17308.
      return { status: fixtures["videos.pending.with-empty-body"].status, body: undefined }
    case "Queued":
      return pending(job, 0)
    case "Running":
      return pending(job, moment.progress)
    case "Ended":
      switch (moment.ending) {
        case "succeeded":
          return done(job, url)
        case "no-url":
          return done(job, null)
        case "delivered": {
          const { status, body } = fixtures["videos.done.with-delivery"]
          return { status, body: { ...body, video: { ...body.video, duration: job.seconds }, usage: usage(job) } }
        }
        case "moderated":
          return moderated(job)
        case "expired": {
          const { status, body } = fixtures["videos.expired"]
          return { status, body: { ...body, model: job.model } }
        }
        case "failed":
        case "gateway-failed":
        case "cancelled":
          return fixtures["videos.failed"]
      }
  }
}

const refuse = (reason: Reason, message: string): Answer => {
  const error = (code: string): Answer => ({ status: statusOf[reason], body: { code, error: message } })
  switch (reason) {
    case "Unauthorized":
      return fixtures["error.unauthorized"]
    case "UnknownJob":
      return fixtures["error.not-found"]
    case "Invalid":
    case "Unsupported":
      return error(fixtures["error.invalid-argument"].body.code)
    // Evidence: assumed from here on. No document shows these; their form is that of the errors that were seen.
    case "RateLimited":
      return error("resource-exhausted")
    case "TooLarge":
      return error("out-of-range")
    case "UnknownRoute":
    case "WrongMethod":
      return error("unimplemented")
  }
}

export const xai: Provider = {
  name: "xai",
  prefixes: [""],
  submits: [generations, edits, extensions],
  poll: "/v1/videos/{id}",
  id: (uuid) => uuid,
  accepted: (job) => {
    const { status, body } = fixtures["generations.accepted"]
    return { status, body: { ...body, request_id: job.id } }
  },
  write,
  refuse,
  // `pending`, with an empty body or a progress.
  isVague: true,
  contract: () => import("./contract.ts").then(({ contract }) => contract),
  fixtures,
  vendor: { baseUrl: "https://api.x.ai", domain: "x.ai" }
}
