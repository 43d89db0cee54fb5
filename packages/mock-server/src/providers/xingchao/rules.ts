import * as R from "../../base/Rules.ts"
import type { Submit } from "../../provider/Provider.ts"

const defaultDuration = 10

/** What a model takes: https://docs.xingchaoyiqing.com/api-reference/video/grok-create */
const model = (duration: R.Check, aspects: ReadonlyArray<string>, resolutions: ReadonlyArray<string>, images: R.Check): R.Rules => ({
  duration: { check: duration, note: `Seconds; default ${defaultDuration}.` },
  aspect_ratio: { check: R.oneOf(...aspects) },
  resolution: { check: R.oneOf(...resolutions) },
  image_urls: { check: images, note: "Reference images." }
})

const models: ReadonlyMap<unknown, R.Rules> = new Map<unknown, R.Rules>([
  [
    "grok_video3",
    // Base64 is allowed, with or without the data URL around it.
    model(R.integer(6, 30), ["16:9", "9:16", "1:1", "3:2", "2:3"], ["480p", "720p"], R.list(R.filled, 0, 7))
  ],
  [
    "grok_video3_pro",
    // Documented: fixed, not to be sent. The mock lets the fixed value pass; no maximum of images is documented.
    model(R.oneOf(10), ["16:9"], ["720p"], R.list(R.filled, 0))
  ],
  ["grok_video3_max", model(R.oneOf(6, 10, 12, 16, 20, 30), ["16:9", "9:16", "1:1"], ["480p", "720p"], R.list(R.webUrl, 0, 5))],
  ["grok_video3_stable", model(R.oneOf(6, 10), ["16:9", "9:16", "3:2", "2:3", "1:1"], ["480p", "720p"], R.list(R.webUrl, 0, 7))]
])

export const create: Submit = {
  path: "/v1/grok/videos",
  summary: "Make a video of a text or of images",
  example: { model: "grok_video3", prompt: "A candle", duration: 6 },
  media: ["application/json"],
  ...R.bodyByModel({ prompt: { check: R.filled, required: true } }, models),
  read: (body) => ({
    prompt: String(body["prompt"]),
    model: String(body["model"]),
    seconds: Number(body["duration"] ?? defaultDuration)
  })
}
