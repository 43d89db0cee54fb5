import type { Body } from "../../base/body.ts"
import * as R from "../../base/Rules.ts"
import type { Submit } from "../../provider/Provider.ts"

/** Documented defaults; the length of a source video is the mock's own guess, it does not look at the file. */
const defaults = { model: "grok-imagine-video", duration: 1, source: 6 }

/** "xAI video model id": the documents give one, xAI has more of the family. */
const model = R.pattern(/^grok-imagine-video(?:-[\w.-]+)?$/, `an xAI video model id, as ${defaults.model}`)

const common: R.Rules = {
  prompt: { check: R.filled, required: true },
  model: { check: model, note: `Default ${defaults.model}.` },
  output: { check: R.record({}) },
  user: { check: R.text }
}

const read = (body: Body, seconds: number) => ({
  prompt: String(body["prompt"]),
  model: typeof body["model"] === "string" ? body["model"] : defaults.model,
  seconds
})

const generationRules: R.Rules = {
  ...common,
  duration: { check: R.integer(1, 15), note: `Seconds; default ${defaults.duration}.` },
  aspect_ratio: { check: R.oneOf("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3") },
  resolution: { check: R.oneOf("480p", "720p") },
  image: { check: R.record({ url: { check: R.webOrDataUrl, required: true } }) },
  size: { check: R.text, note: "Deprecated." }
}

export const generations: Submit = {
  path: "/grok/v1/videos/generations",
  summary: "Make a video of a text or an image",
  example: { prompt: "A candle", duration: 1 },
  media: ["application/json"],
  ...R.body(generationRules),
  read: (body) => read(body, Number(body["duration"] ?? defaults.duration))
}

const editRules: R.Rules = { ...common, video: { check: R.record({ url: { check: R.webOrDataUrl, required: true } }), required: true } }

export const edits: Submit = {
  path: "/grok/v1/videos/edits",
  summary: "Edit a video",
  example: { prompt: "At night", video: { url: "https://example.com/a.mp4" } },
  media: ["application/json"],
  ...R.body(editRules),
  read: (body) => read(body, defaults.source)
}
