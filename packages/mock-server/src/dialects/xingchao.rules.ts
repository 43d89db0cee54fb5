import type { Body } from "../internal/body.ts"
import * as R from "../internal/rules.ts"
import type { Submit } from "./Dialect.ts"

/** What a model takes: https://docs.xingchaoyiqing.com/api-reference/video/grok-create */
interface Model {
  readonly duration: R.Check
  readonly aspects: ReadonlyArray<string>
  readonly resolutions: ReadonlyArray<string>
  /** Reference images, and how they may be given. */
  readonly images: R.Check
}

const models: ReadonlyMap<unknown, Model> = new Map<unknown, Model>([
  [
    "grok_video3",
    {
      duration: R.integer(6, 30),
      aspects: ["16:9", "9:16", "1:1", "3:2", "2:3"],
      resolutions: ["480p", "720p"],
      // Base64 is allowed, with or without the data URL around it.
      images: R.list(R.filled, 0, 7)
    }
  ],
  [
    "grok_video3_pro",
    // Documented: fixed, not to be sent. The mock lets the fixed value pass; no maximum of images is documented.
    { duration: R.oneOf(10), aspects: ["16:9"], resolutions: ["720p"], images: R.list(R.filled, 0, Number.MAX_SAFE_INTEGER) }
  ],
  [
    "grok_video3_max",
    {
      duration: R.oneOf(6, 10, 12, 16, 20, 30),
      aspects: ["16:9", "9:16", "1:1"],
      resolutions: ["480p", "720p"],
      images: R.list(R.webUrl, 0, 5)
    }
  ],
  [
    "grok_video3_stable",
    {
      duration: R.oneOf(6, 10),
      aspects: ["16:9", "9:16", "3:2", "2:3", "1:1"],
      resolutions: ["480p", "720p"],
      images: R.list(R.webUrl, 0, 7)
    }
  ]
])

const defaultDuration = 10

const base: R.Rules = {
  model: { check: R.oneOf(...Array.from(models.keys(), String)), required: true },
  prompt: { check: R.filled, required: true }
}

const refuse = (body: Body): string | undefined => {
  const problem = R.violation(base, body)
  const model = models.get(body["model"])
  if (problem !== undefined || model === undefined) return problem
  const found = R.violation(
    {
      duration: { check: model.duration },
      aspect_ratio: { check: R.oneOf(...model.aspects) },
      resolution: { check: R.oneOf(...model.resolutions) },
      image_urls: { check: model.images }
    },
    body
  )
  return found === undefined ? undefined : `${found} (model ${String(body["model"])})`
}

export const create: Submit = {
  path: "/v1/grok/videos",
  media: ["application/json"],
  refuse,
  read: (body) => ({
    prompt: String(body["prompt"]),
    model: String(body["model"]),
    seconds: Number(body["duration"] ?? defaultDuration)
  })
}
