/**
 * CometAPI, a gateway to Grok video with the payloads of new-api. Documents: https://apidoc.cometapi.com
 *
 * @since 0.1.0
 */
import { Dialect, Images, Provider, type Reading, Text, type VideoRequest, VideoRequestSchema } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as newApi from "../internal/newApi.ts"
import { check, encoded, formsOf, idOf, placeOf, planned, sizeOf } from "../internal/parts.ts"
import { readTask } from "../internal/task.ts"
import { moderationRows, readers } from "../internal/xaiPayload.ts"
import { Body, capabilities, Flat, Options } from "./schema.ts"

/** A request to CometAPI: the canonical one, with options that only CometAPI takes. */
export interface Request extends VideoRequest.VideoRequest {
  readonly options?: Options | undefined
}

/** What its models can do, as a table. Its type narrows the requests of a client: see `Capability.RequestOf`. */
export { capabilities } from "./schema.ts"

/** The statuses of the flat form, and of the provider's payload inside the wrapper. */
export const statuses = {
  queued: "queued",
  processing: "running",
  done: "succeeded",
  failed: "failed",
  expired: "expired",
  pending: "queued"
} as const satisfies Dialect.Statuses

export { taskStatuses as outerStatuses } from "../internal/task.ts"

/** A malformed request, though the status says that the server failed: "do not retry". */
const malformed = {
  status: 500,
  code: "invalid_request",
  source: "https://apidoc.cometapi.com/errors/error-codes-handling"
} as const

/** On a poll: xAI's own answers, forwarded, too. */
export const rows: ReadonlyArray<Dialect.Row<Reading.Reading>> = [
  ...moderationRows("upstream"),
  {
    ...malformed,
    read: ({ answer, error }) => ({
      _tag: "Refused",
      reason: "PollRejected",
      status: answer.status,
      code: "invalid_request",
      message: error.message ?? Text.excerpt(answer.body)
    })
  },
  ...newApi.missed
]

const declined: ReadonlyArray<Dialect.Row<Reading.Receipt>> = [
  { ...malformed, read: Dialect.declined("SubmitRejected") },
  ...newApi.declined
]

const checked = check(Schema.Struct({ ...VideoRequestSchema.fields, options: Schema.optional(Options) }))

/** Everything that Reelay knows about CometAPI. */
export const definition: Provider.Definition<Request> = {
  name: "cometapi",
  title: "CometAPI",
  baseUrl: "https://api.cometapi.com",
  prefix: "/grok/v1/videos",
  docs: "https://apidoc.cometapi.com/api/video/xai/video-generation",
  capabilities,
  // new-api polls its upstream every 15 s (QuantumNous/new-api, service/task_polling.go); a fresh job may be unknown for a few seconds.
  polling: { firstDelay: 10_000, interval: 15_000, minInterval: 5000, deadline: 30 * 60_000 },
  submission: (given) =>
    Effect.gen(function* () {
      const request = yield* checked(given)
      const plan = yield* planned(capabilities, request)
      const [image] = yield* Images.urls(plan.images, formsOf(plan))
      const isEdit = plan.row.mode === "edit"
      const value = yield* encoded(Body, {
        ...request.options,
        model: plan.row.model,
        prompt: plan.prompt,
        duration: plan.duration,
        aspectRatio: plan.aspectRatio,
        resolution: plan.resolution,
        image: image === undefined ? undefined : { url: image },
        video: plan.video === undefined ? undefined : { url: plan.video }
      })
      // xAI's own option, which CometAPI forwards.
      const deliversTo = placeOf(request.options?.output?.["upload_url"])
      return {
        kind: isEdit ? "edit" : "generation",
        call: { method: "POST", path: `/grok/v1/videos/${isEdit ? "edits" : "generations"}`, body: { _tag: "Json", value } },
        ...sizeOf(plan),
        ...(deliversTo === undefined ? {} : { deliversTo })
      }
    }),
  receive: Dialect.receiver({ id: (json) => Dialect.idIn(json, "request_id"), rows: declined }),
  poll: (ref) => ({ method: "GET", path: `/grok/v1/videos/${idOf(ref)}` }),
  interpret: Dialect.interpreter({
    schema: Flat,
    word: ({ status }) => status,
    statuses,
    read: readers("upstream"),
    rows,
    // "If the response only echoes request_id, wait a few seconds and poll again."
    unsaid: ({ request_id }) => (request_id === undefined ? undefined : { _tag: "Queued" }),
    wrapped: readTask
  })
}

/**
 * Makes a CometAPI provider from a key.
 *
 * **Example** (A first, small request)
 *
 * ```ts
 * import { Job } from "@reelay/core"
 * import { cometapi } from "@reelay/providers/cometapi"
 *
 * export const handle = Job.submit(cometapi({ apiKey: "sk-..." }), { prompt: "A candle flickers on a wooden table.", duration: 1 })
 * ```
 *
 * @since 0.1.0
 */
export const cometapi = Provider.configure(definition)
