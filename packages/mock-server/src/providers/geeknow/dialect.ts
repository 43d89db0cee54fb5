/**
 * GeekNow, a new-api gateway: https://docs.geeknow.top/api-reference/videos/grok/generation
 */
import { fixtures } from "@reelay/providers/geeknow/fixtures"
import { type Answer, created, type Provider, finished, type Job, type Reason, type Scene, statusOf } from "../../provider/Provider.ts"
import type { Moment } from "../../script/Script.ts"
import { create } from "./rules.ts"

/** As in the documented sample: the result is kept for 24 hours from the job's creation. */
const keptFor = 86_400

interface Fixture {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

const answer = (job: Job, { status, body }: Fixture, changes: Readonly<Record<string, unknown>> = {}): Answer => ({
  status,
  body: {
    ...body,
    id: job.id,
    model: job.model,
    created_at: created(job),
    expires_at: created(job) + keptFor,
    seconds: String(job.seconds),
    ...changes
  }
})

const completed = (scene: Scene): Answer => {
  const { job, url } = scene
  const end = { completed_at: finished(scene) }
  switch (job.script.shape) {
    case "output-url":
      return answer(job, fixtures["videos.completed.with-output-url"], { ...end, output: { url } })
    case "every-url":
      return answer(job, fixtures["videos.completed.with-every-url"], { ...end, video_url: url, output: { url }, url, detail: { url } })
    case "default":
    case "flat":
      return answer(job, fixtures["videos.completed"], { ...end, video_url: url })
  }
}

const write = (scene: Scene): Answer => {
  const { job, moment, url } = scene
  const end = { completed_at: finished(scene) }
  switch (moment._tag) {
    case "Submitted":
    case "Queued":
      return answer(job, fixtures["videos.queued"])
    case "Running":
      return answer(job, fixtures["videos.processing"], { progress: moment.progress })
    case "Ended":
      switch (moment.ending) {
        case "succeeded":
        case "delivered":
          return completed(scene)
        case "expired":
          // No word for it: completed, but no longer kept.
          return answer(job, fixtures["videos.completed"], { ...end, expires_at: finished(scene), video_url: url })
        case "no-url":
          return answer(job, fixtures["videos.completed.without-url"], end)
        case "moderated":
          return answer(job, fixtures["videos.failed.with-moderation"], end)
        case "cancelled":
          return answer(job, fixtures["videos.cancelled"], end)
        case "failed":
        case "gateway-failed":
          return answer(job, fixtures["videos.failed"], end)
      }
  }
}

/** new-api's envelope for authentication, rate limits and routes; the request id at its end stays. */
const envelope = (status: number, message: string): Answer => {
  const { error } = fixtures["error.unauthorized"].body
  const suffix = error.message.slice(error.message.indexOf(" (request id: "))
  return { status, body: { error: { ...error, message: `${message}${suffix}` } } }
}

const refuse = (reason: Reason, message: string): Answer => {
  switch (reason) {
    case "Unauthorized":
      return fixtures["error.unauthorized"]
    case "UnknownJob":
      return fixtures["videos.error.with-task-not-exist"]
    case "Invalid":
    case "Unsupported":
    case "TooLarge":
      return { status: statusOf[reason], body: { ...fixtures["error.invalid-request"].body, message } }
    case "RateLimited":
    case "UnknownRoute":
    case "WrongMethod":
      // Evidence: assumed for these three, in the form that new-api gives its other errors.
      return envelope(statusOf[reason], message)
  }
}

const notCompleted = (word: string): Answer => {
  const { status, body } = fixtures["content.error.with-not-completed"]
  const message = body.error.message.replace(/\w+$/, word)
  return { status, body: { error: { ...body.error, message } } }
}

/** The words are new-api's: model/task.go@01d7dcf. */
const refuseContent = (moment: Moment): Answer | undefined => {
  switch (moment._tag) {
    case "Submitted":
      return notCompleted("NOT_START")
    case "Queued":
      return notCompleted("QUEUED")
    case "Running":
      return notCompleted("IN_PROGRESS")
    case "Ended":
      switch (moment.ending) {
        case "succeeded":
        case "delivered":
        case "no-url":
          return undefined
        case "expired":
          return fixtures["content.error.with-not-found"]
        case "failed":
        case "gateway-failed":
        case "moderated":
        case "cancelled":
          return notCompleted("FAILURE")
      }
  }
}

export const geeknow: Provider = {
  name: "geeknow",
  prefixes: [""],
  submits: [create],
  poll: "/v1/videos/{id}",
  content: { path: "/v1/videos/{id}/content", unknown: fixtures["content.error.with-not-found"], refuse: refuseContent },
  id: (uuid) => `video_${uuid.replaceAll("-", "").slice(0, 24)}`,
  accepted: (job) => {
    const { status, body } = fixtures["create.queued"]
    return { status, body: { ...body, id: job.id, model: job.model, created_at: created(job) } }
  },
  write,
  refuse,
  contract: () => import("./contract.ts").then(({ contract }) => contract),
  fixtures,
  vendor: { baseUrl: "https://www.geeknow.top", domain: "geeknow.top" }
}
