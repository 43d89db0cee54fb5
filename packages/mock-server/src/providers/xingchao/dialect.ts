/**
 * XingChao: https://docs.xingchaoyiqing.com/api-reference/video/grok-create
 */
import { fixtures } from "@reelay/providers/xingchao/fixtures"
import { type Answer, created, type Provider, type Job, type Reason, type Scene, statusOf } from "../../provider/Provider.ts"
import { create } from "./rules.ts"

interface Fixture {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

const answer = (job: Job, { status, body }: Fixture, changes: Readonly<Record<string, unknown>> = {}): Answer => ({
  status,
  body: { ...body, id: job.id, created: created(job), model: job.model, ...changes }
})

const write = ({ job, moment, url }: Scene): Answer => {
  switch (moment._tag) {
    case "Submitted":
    case "Queued":
      return answer(job, fixtures["result.queued"])
    case "Running":
      return answer(job, fixtures["result.processing"])
    case "Ended":
      switch (moment.ending) {
        case "succeeded":
        case "delivered":
        // No word for it: completed, with a URL that has expired.
        case "expired":
          return answer(job, fixtures["result.completed"], { video_url: url, actualDuration: job.seconds })
        case "no-url":
          return answer(job, fixtures["result.completed"], { video_url: null, actualDuration: job.seconds })
        case "moderated":
          return answer(job, fixtures["result.failed.with-content-policy"])
        case "failed":
        case "gateway-failed":
        case "cancelled":
          return answer(job, fixtures["result.failed.with-unreachable-image"])
      }
  }
}

const refuse = (reason: Reason, message: string): Answer => {
  switch (reason) {
    case "Unauthorized":
      return fixtures["error.unauthorized"]
    case "UnknownJob":
      return fixtures["error.not-found"]
    case "Invalid":
    case "Unsupported":
    case "TooLarge":
    case "UnknownRoute":
    case "WrongMethod":
    case "RateLimited":
      // Evidence: assumed, but for an unknown route, whose message was seen. The form is that message's.
      return { status: statusOf[reason], body: { message } }
  }
}

export const xingchao: Provider = {
  name: "xingchao",
  // The vendor's base URL has a path.
  prefixes: ["", "/kyyReactApiServer"],
  submits: [create],
  poll: "/v1/result/{id}",
  id: (uuid) => `video_${uuid}`,
  accepted: (job) => answer(job, fixtures["create.queued"]),
  write,
  refuse,
  contract: () => import("./contract.ts").then(({ contract }) => contract),
  fixtures,
  vendor: { baseUrl: "https://zcbservice.aizfw.cn/kyyReactApiServer", domain: "aizfw.cn" }
}
