/**
 * XingChao, a gateway to Grok video. Documents: https://docs.xingchaoyiqing.com
 *
 * @since 0.1.0
 */
import { Dialect, Images, Provider, type VideoRequest, VideoRequestSchema } from "@reelay/core"
import * as Effect from "effect/Effect"
import { check, costOf, encoded, failed, finished, formsOf, idOf, planned, pricedAs, sizeOf } from "../internal/parts.ts"
import { readTask } from "../internal/task.ts"
import { capabilities, Create, Result } from "./schema.ts"

/** The statuses of the document's table "Task Status Flow", in its order. */
export const statuses = {
  queued: "queued",
  processing: "running",
  completed: "succeeded",
  failed: "failed"
} as const satisfies Dialect.Statuses

/** What its models can do, as a table. Its type narrows the requests of a client: see `Capability.RequestOf`. */
export { capabilities } from "./schema.ts"

const read: Dialect.Readers<Result> = {
  queued: () => ({ _tag: "Queued" }),
  running: () => ({ _tag: "Running" }),
  succeeded: (payload, json) =>
    finished(json, ["video_url"], {
      durationSeconds: Dialect.positive(payload.actualDuration),
      model: payload.model,
      ...pricedAs(payload, "upstream")
    }),
  failed: (payload, json) => failed(json, costOf(payload, "upstream")),
  expired: (payload) => ({ _tag: "Expired", ...costOf(payload, "upstream") }),
  cancelled: (payload) => ({ _tag: "Cancelled", by: "provider", ...costOf(payload, "upstream") })
}

const checked = check(VideoRequestSchema.VideoRequest)

/** Everything that Reelay knows about XingChao. */
export const definition: Provider.Definition<VideoRequest.VideoRequest> = {
  name: "xingchao",
  title: "XingChao",
  baseUrl: "https://zcbservice.aizfw.cn/kyyReactApiServer",
  prefix: "/v1",
  docs: "https://docs.xingchaoyiqing.com/api-reference/video/grok-create",
  capabilities,
  // "Polling Advice" of its query page: "Recommended polling interval: 30–60 seconds. Polling too frequently may trigger rate limiting."
  polling: { firstDelay: 30_000, interval: 30_000, minInterval: 30_000, deadline: 30 * 60_000 },
  submission: (given) =>
    Effect.gen(function* () {
      const plan = yield* planned(capabilities, yield* checked(given))
      const images = yield* Images.urls(plan.images, formsOf(plan))
      const value = yield* encoded(Create, { ...plan, model: plan.row.model, images: images.length === 0 ? undefined : images })
      return { kind: "generation", call: { method: "POST", path: "/v1/grok/videos", body: { _tag: "Json", value } }, ...sizeOf(plan) }
    }),
  receive: Dialect.receiver({ id: (json) => Dialect.idIn(json, "id") }),
  poll: (ref) => ({ method: "GET", path: `/v1/result/${idOf(ref)}` }),
  interpret: Dialect.interpreter({ schema: Result, word: ({ status }) => status, statuses, read, wrapped: readTask })
}

/**
 * Makes a XingChao provider from a key.
 *
 * **Example** (Twenty seconds of the model that takes them)
 *
 * ```ts
 * import { Job } from "@reelay/core"
 * import { xingchao } from "@reelay/providers/xingchao"
 *
 * export const handle = Job.submit(xingchao({ apiKey: "sk-..." }), { model: "grok_video3_max", prompt: "A red fox in the snow.", duration: 20 })
 * ```
 *
 * @since 0.1.0
 */
export const xingchao = Provider.configure(definition)
