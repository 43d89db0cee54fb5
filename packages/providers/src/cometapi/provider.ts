/**
 * CometAPI, a gateway to Grok video with the payloads of new-api. Documents: https://apidoc.cometapi.com
 *
 * @since 0.1.0
 */
import { Dialect, Images, Provider, type Reading, Text, type VideoRequest, VideoRequestSchema } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as newApi from "../internal/newApi.ts"
import { check, encoded, failed, formsOf, idOf, planned, succeeded } from "../internal/parts.ts"
import { moderationRows, readers } from "../internal/xaiPayload.ts"
import { Body, capabilities, type Flat, Options, Query, type Task } from "./schema.ts"

/** A request to CometAPI: the canonical one, with options that only CometAPI takes. */
export interface Request extends VideoRequest.VideoRequest {
  readonly options?: Options | undefined
}

/** The statuses of the flat form, and of the provider's payload inside the wrapper. */
export const statuses = {
  queued: "queued",
  processing: "running",
  done: "succeeded",
  failed: "failed",
  expired: "expired",
  pending: "queued"
} as const satisfies Dialect.Statuses

/** The statuses of the wrapper: new-api's task model. `UNKNOWN` follows a submission (new-api#5045) and isn't terminal. */
export const outerStatuses = {
  NOT_START: "queued",
  SUBMITTED: "queued",
  QUEUED: "queued",
  IN_PROGRESS: "running",
  FAILURE: "failed",
  SUCCESS: "succeeded",
  UNKNOWN: "queued"
} as const satisfies Dialect.Statuses

const innerKind = Dialect.lookup(statuses)
const outerKind = Dialect.lookup(outerStatuses)
const inner = readers("upstream")

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

/** The flat form. "If the response only echoes request_id, wait a few seconds and poll again." */
const readFlat = (payload: Flat): Reading.Reading | undefined => {
  if (payload.status === undefined) return payload.request_id === undefined ? undefined : { _tag: "Queued" }
  const kind = innerKind(payload.status)
  return kind === undefined
    ? { _tag: "Unrecognised", word: Text.excerpt(payload.status) }
    : Dialect.knowing(payload.status, inner[kind](payload))
}

/** The wrapper. A nested terminal status wins; without one the task's own status decides, as the gateway's. */
const readTask = (task: Task): Reading.Telling | Reading.Unrecognised | undefined => {
  const data = task.data ?? {}
  const nested = data.status === undefined ? undefined : innerKind(data.status)
  const outer = task.status === undefined ? undefined : outerKind(task.status)
  if (nested !== undefined && isTerminal(nested)) return withTask(Dialect.knowing(data.status, inner[nested](data)), task)
  switch (outer) {
    case "failed":
      return Dialect.knowing(task.status, failed(task.fail_reason, { origin: "gateway" }))
    case "succeeded":
      // The gateway is ahead of its provider, or has no status from it at all.
      if (data.status !== undefined) return nested === undefined ? unrecognised(data.status) : running(task)
      return withTask(succeeded({ artifacts: [] }), task)
    case "running":
      return running(task)
    case "queued":
      return nested === "running" ? running(task) : { _tag: "Queued" }
    case "expired":
    case "cancelled":
      return inner[outer](data)
    case undefined:
      if (nested !== undefined) return inner[nested](data)
      return task.status === undefined ? undefined : unrecognised(task.status)
  }
}

const isTerminal = (kind: Dialect.Kind): boolean => kind !== "queued" && kind !== "running"

const unrecognised = (word: string): Reading.Unrecognised => ({ _tag: "Unrecognised", word: Text.excerpt(word) })

/** The progress that the provider reports; otherwise the one that the gateway makes up for its status. */
const running = ({ data, progress }: Task): Reading.Running => {
  const reported = Dialect.fraction(data?.progress)
  return reported === undefined
    ? { _tag: "Running", progress: Dialect.fraction(progress), progressSource: "estimated" }
    : { _tag: "Running", progress: reported, progressSource: "reported" }
}

/** `fail_reason` holds the URL on success, and the reason on failure. */
const withTask = (reading: Reading.Telling, { fail_reason, result_url }: Task): Reading.Telling => {
  if (reading._tag !== "Succeeded") return reading
  const more = Dialect.links(result_url, fail_reason).filter(({ url }) => !reading.artifacts.some((artifact) => artifact.url === url))
  return { ...reading, artifacts: [...reading.artifacts, ...more] }
}

const read = (query: Query): Reading.Reading | undefined => {
  const code = Text.present(query.code)
  if (code === undefined && query.data === undefined) return readFlat(query)
  if (code !== undefined && code.toLowerCase() !== "success") {
    return { _tag: "Missed", because: "query-failed", detail: Text.excerpt(`the query failed: ${code} ${query.message ?? ""}`) }
  }
  return query.data === undefined ? undefined : ended(readTask(query.data), query.data)
}

/** Adds the end time that the gateway reports. `finish_time` is 0 until then. */
const ended = (reading: ReturnType<typeof readTask>, { finish_time }: Task): Reading.Reading | undefined => {
  switch (reading?._tag) {
    case "Succeeded":
    case "Failed":
    case "Cancelled":
      return { ...reading, endedAt: Dialect.epochMillis(finish_time) }
    // An expired result was finished long before the job expired.
    case "Expired":
    case "Queued":
    case "Running":
    case "Unrecognised":
    case undefined:
      return reading
  }
}

const checked = check(Schema.Struct({ ...VideoRequestSchema.fields, options: Schema.optional(Options) }))

/** Everything that Reelay knows about CometAPI. */
export const definition: Provider.Definition<Request> = {
  name: "cometapi",
  title: "CometAPI",
  baseUrl: "https://api.cometapi.com",
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
      return {
        kind: isEdit ? "edit" : "generation",
        call: { method: "POST", path: `/grok/v1/videos/${isEdit ? "edits" : "generations"}`, body: { _tag: "Json", value } }
      }
    }),
  receive: Dialect.receiver({ id: (json) => Dialect.idAt(json, "request_id", "task_id", "id"), rows: declined }),
  poll: (ref) => ({ method: "GET", path: `/grok/v1/videos/${idOf(ref)}` }),
  interpret: Dialect.reader(Query, rows, read)
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
