/**
 * CometAPI's Grok surface: https://apidoc.cometapi.com/api/video/xai/get-video-generation-results
 *
 * Two documented shapes for one GET: the wrapper (older pages, the default here) and the flat one (`mock:flat`).
 */
import { fixtures } from "@reelay/providers/cometapi/fixtures"
import { type Answer, created, type Provider, finished, type Job, type Reason, type Scene, statusOf } from "../../provider/Provider.ts"
import { edits, generations } from "./rules.ts"

/** As in the documented sample: 1 second, 500,000,000 ticks. */
const usage = (job: Job) => ({ cost_in_usd_ticks: job.seconds * 500_000_000 })

interface Wrapped {
  readonly status: number
  readonly body: {
    readonly code: string
    readonly message: string
    readonly data: Readonly<Record<string, unknown>>
  }
}

/** A wrapper of this job; `data` replaces what differs from the fixture. */
const wrapper = (job: Job, fixture: Wrapped, data: Readonly<Record<string, unknown>>): Answer => ({
  status: fixture.status,
  body: { ...fixture.body, data: { ...fixture.body.data, task_id: job.id, submit_time: created(job), ...data } }
})

const wrappedDone = (scene: Scene, url: string): Answer => {
  const { job } = scene
  const fixture = fixtures["query.done.with-wrapper"]
  const inner = fixture.body.data.data
  const data = { ...inner, model: job.model, usage: usage(job), video: { ...inner.video, url, duration: job.seconds } }
  // On success `fail_reason` holds the URL: seed 000.
  return wrapper(job, fixture, { finish_time: finished(scene), fail_reason: url, data })
}

const wrapped = (scene: Scene): Answer => {
  const { job, moment, url } = scene
  const end = { finish_time: finished(scene) }
  switch (moment._tag) {
    case "Submitted":
      return wrapper(job, fixtures["query.submitted.with-wrapper"], {})
    case "Queued":
      return wrapper(job, fixtures["query.queued.with-wrapper"], {})
    case "Running": {
      // The outer "30%" is synthetic in new-api, and stays; only the provider's own progress moves.
      const fixture = fixtures["query.in-progress.with-wrapper"]
      const inner = { ...fixture.body.data.data, progress: moment.progress }
      return wrapper(job, fixture, { data: inner })
    }
    case "Ended":
      switch (moment.ending) {
        case "succeeded":
        case "delivered":
          return wrappedDone(scene, url)
        case "no-url":
          return wrappedDone(scene, "")
        case "moderated": {
          const fixture = fixtures["query.done.with-wrapper-and-moderation"]
          const inner = fixture.body.data.data
          const data = { ...inner, model: job.model, usage: usage(job), video: { ...inner.video, duration: job.seconds } }
          return wrapper(job, fixture, { ...end, data })
        }
        case "expired":
          return wrapper(job, fixtures["query.expired.with-wrapper"], end)
        case "gateway-failed":
          return wrapper(job, fixtures["query.failure.with-wrapper"], end)
        case "failed":
        case "cancelled":
          return wrapper(job, fixtures["query.failed.with-wrapper"], end)
      }
  }
}

const flatDone = (job: Job, url: string): Answer => {
  const { status, body } = fixtures["query.done"]
  const video = { ...body.video, url, duration: job.seconds }
  return { status, body: { ...body, request_id: job.id, model: job.model, usage: usage(job), video } }
}

const flat = ({ job, moment, url }: Scene): Answer => {
  switch (moment._tag) {
    case "Submitted":
      return { ...fixtures["query.no-status"], body: { request_id: job.id } }
    case "Queued":
      return { ...fixtures["query.queued"], body: { ...fixtures["query.queued"].body, request_id: job.id } }
    case "Running": {
      const { status, body } = fixtures["query.processing"]
      return { status, body: { ...body, request_id: job.id, model: job.model, progress: moment.progress } }
    }
    case "Ended":
      switch (moment.ending) {
        case "succeeded":
        case "delivered":
          return flatDone(job, url)
        case "no-url":
          return flatDone(job, "")
        case "moderated": {
          const { status, body } = fixtures["query.done.with-moderation"]
          const video = { ...body.video, duration: job.seconds }
          return { status, body: { ...body, request_id: job.id, model: job.model, usage: usage(job), video } }
        }
        case "expired":
          return { ...fixtures["query.expired"], body: { ...fixtures["query.expired"].body, request_id: job.id } }
        case "failed":
        case "gateway-failed":
        case "cancelled":
          return { ...fixtures["query.failed"], body: { ...fixtures["query.failed"].body, request_id: job.id } }
      }
  }
}

/** The documented envelope with another message; the request id at its end stays. */
const envelope = (status: number, message: string, code: string): Answer => {
  const { error } = fixtures["error.invalid-request"].body
  const suffix = error.message.slice(error.message.indexOf(" (request id: "))
  return { status, body: { error: { ...error, message: `${message}${suffix}`, code } } }
}

const refuse = (reason: Reason, message: string): Answer => {
  switch (reason) {
    case "Unauthorized":
      return fixtures["error.unauthorized"]
    case "UnknownJob":
      return fixtures["query.error.with-task-not-exist"]
    case "RateLimited":
      return fixtures["error.rate-limited"]
    case "Invalid":
      return envelope(statusOf[reason], message, fixtures["error.invalid-request"].body.error.code)
    case "Unsupported":
    case "TooLarge":
    case "UnknownRoute":
    case "WrongMethod":
      // Evidence: assumed. Of a wrong path CometAPI documents a redirect or HTML, of the others nothing; a code is often empty.
      return envelope(statusOf[reason], message, "")
  }
}

export const cometapi: Provider = {
  name: "cometapi",
  prefixes: [""],
  submits: [generations, edits],
  poll: "/grok/v1/videos/{id}",
  id: (uuid) => uuid,
  accepted: (job) => {
    const { status, body } = fixtures["generations.accepted"]
    return { status, body: { ...body, request_id: job.id } }
  },
  write: (scene) => (scene.job.script.shape === "flat" ? flat(scene) : wrapped(scene)),
  refuse,
  queryFailed: fixtures["query.error.with-wrapper-code"],
  contract: () => import("./contract.ts").then(({ contract }) => contract),
  fixtures,
  vendor: { baseUrl: "https://api.cometapi.com", domain: "cometapi.com" }
}
