/**
 * GeekNow, a gateway to Grok video built on new-api. Documents: https://docs.geeknow.top
 *
 * @since 0.1.0
 */
import { type Capability, Dialect, Images, Provider, type VideoRequest, VideoRequestSchema } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as newApi from "../internal/newApi.ts"
import { check, costOf, failed, finished, formsOf, idOf, planned, pricedAs, sizeOf, succeeded } from "../internal/parts.ts"
import { readTask } from "../internal/task.ts"
import { capabilities, Video } from "./schema.ts"

/** The Grok page's statuses, then the two that the pages of the same endpoint for Sora and Veo add. */
export const statuses = {
  processing: "running",
  failed: "failed",
  completed: "succeeded",
  queued: "queued",
  cancelled: "cancelled"
} as const satisfies Dialect.Statuses

/** The document's lookup order. Empty values are absent; core adds the content endpoint after these. */
const places = ["output.url", "video_url", "url", "detail.url"]

/** What its models can do, as a table. Its type narrows the requests of a client: see `Capability.RequestOf`. */
export { capabilities } from "./schema.ts"

const read: Dialect.Readers<Video> = {
  queued: () => ({ _tag: "Queued" }),
  running: ({ progress }) => ({ _tag: "Running", progress: Dialect.fraction(progress), progressSource: "reported" }),
  succeeded: (payload, json) => {
    const fields = {
      durationSeconds: Dialect.positive(payload.seconds),
      model: payload.model,
      expiresAt: Dialect.epochMillis(payload.expires_at),
      endedAt: Dialect.epochMillis(payload.completed_at),
      ...pricedAs(payload, "upstream")
    }
    // A link that can't be read loses nothing: the content endpoint is documented.
    return finished(json, places, fields) ?? succeeded({ artifacts: [], ...fields })
  },
  // new-api writes `completed_at` while a job still runs, too: it is read only with a terminal status.
  failed: (payload, json) => ({ ...failed(json, costOf(payload, "upstream")), endedAt: Dialect.epochMillis(payload.completed_at) }),
  expired: (payload) => ({ _tag: "Expired", ...costOf(payload, "upstream") }),
  cancelled: (payload) => ({
    _tag: "Cancelled",
    by: "provider",
    ...costOf(payload, "upstream"),
    endedAt: Dialect.epochMillis(payload.completed_at)
  })
}

const checked = check(VideoRequestSchema.VideoRequest)

/** The form of `POST /v1/videos`. The prose says multipart; the generated cURL of the same page shows JSON. */
const form = (plan: Capability.Plan, images: ReadonlyArray<Images.Ready>) => {
  const texts = {
    model: plan.row.model,
    prompt: plan.prompt,
    aspect_ratio: plan.aspectRatio,
    seconds: plan.duration?.toString(),
    size: plan.resolution?.toUpperCase()
  }
  return [
    ...Object.entries(texts).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }])),
    ...images.flatMap((image) => (image._tag === "File" ? [{ name: "input_reference", value: image.file, filename: image.filename }] : []))
  ]
}

/** Everything that Reelay knows about GeekNow. */
export const definition: Provider.Definition<VideoRequest.VideoRequest> = {
  name: "geeknow",
  title: "GeekNow",
  baseUrl: "https://www.geeknow.top",
  prefix: "/v1/videos",
  docs: "https://docs.geeknow.top/api-reference/videos/grok/generation",
  capabilities,
  // new-api polls its upstream every 15 s (QuantumNous/new-api, service/task_polling.go): polling more often shows nothing new.
  polling: { firstDelay: 15_000, interval: 15_000, minInterval: 15_000, deadline: 30 * 60_000 },
  submission: (given) =>
    Effect.gen(function* () {
      const plan = yield* planned(capabilities, yield* checked(given))
      const images = yield* Images.ready(plan.images, formsOf(plan))
      return {
        kind: "generation",
        call: { method: "POST", path: "/v1/videos", body: { _tag: "Multipart", parts: form(plan, images) } },
        ...sizeOf(plan)
      }
    }),
  receive: Dialect.receiver({ id: (json) => Dialect.idIn(json, "id"), rows: newApi.declined }),
  poll: (ref) => ({ method: "GET", path: `/v1/videos/${idOf(ref)}` }),
  interpret: Dialect.interpreter({ schema: Video, word: ({ status }) => status, statuses, read, rows: newApi.missed, wrapped: readTask }),
  content: (ref) => `/v1/videos/${idOf(ref)}/content`
}

/**
 * Makes a GeekNow provider from a key.
 *
 * **Example** (A picture set in motion)
 *
 * ```ts
 * import { Job } from "@reelay/core"
 * import { geeknow } from "@reelay/providers/geeknow"
 *
 * export const animate = (picture: Blob) =>
 *   Job.submit(geeknow({ apiKey: "sk-..." }), { prompt: "The fox turns its head.", images: [picture], aspectRatio: "3:2", duration: 6 })
 * ```
 *
 * @since 0.1.0
 */
export const geeknow = Provider.configure(definition)
