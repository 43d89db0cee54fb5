import type { Body } from "../internal/body.ts"
import * as R from "../internal/rules.ts"
import type { Submit } from "./Dialect.ts"

/** What is not said in a request: documented defaults, but for the length of a source video, which the mock does not look at. */
const defaults = { model: "grok-imagine-video", duration: 8, extension: 6, source: 6 }

/** The first two are documented; the third is used in the field. */
const models = ["grok-imagine-video", "grok-imagine-video-1.5", "grok-imagine-video-1.5-preview"] as const

const media: R.Check = R.exactlyOne({ url: { check: R.webOrDataUrl }, file_id: { check: R.filled } })

/** `image_url` is a documented alias of `url`. */
const image: R.Check = R.exactlyOne({
  url: { check: R.webOrDataUrl },
  image_url: { check: R.webOrDataUrl },
  file_id: { check: R.filled }
})

const video: R.Check = (field, value) => {
  const problem = media(field, value)
  if (problem !== undefined || !R.isRecord(value) || typeof value["url"] !== "string" || value["url"].startsWith("data:")) return problem
  return URL.parse(value["url"])?.pathname.toLowerCase().endsWith(".mp4") === true ? undefined : `${field}.url must end in .mp4`
}

const common: R.Rules = {
  output: { check: R.nullable(R.record({ upload_url: { check: R.nullable(R.webUrl) } })) },
  storage_options: {
    check: R.nullable(
      R.record({
        filename: { check: R.filled, required: true },
        expires_after: { check: R.nullable(R.integer(1, 2_592_000)) },
        public_url: { check: R.nullable(R.either("true, false or an object", R.flag, R.record({}))) }
      })
    )
  },
  user: { check: R.nullable(R.text) }
}

const length = R.nullable(R.integerOrText(1, 15))

const generationRules: R.Rules = {
  prompt: { check: R.nullable(R.text) },
  model: { check: R.nullable(R.oneOf(...models)) },
  duration: { check: length },
  seconds: { check: length },
  aspect_ratio: { check: R.nullable(R.oneOf("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3")) },
  resolution: { check: R.nullable(R.oneOf("480p", "720p", "1080p")) },
  image: { check: R.nullable(image) },
  reference_images: { check: R.nullable(R.list(media, 1, 7)) },
  reference_audios: {
    check: R.nullable(R.list(R.exactlyOne({ voice_id: { check: R.filled }, url: { check: R.webOrDataUrl } }), 0, 3))
  },
  generate_audio: { check: R.nullable(R.flag) },
  size: { check: R.nullable(R.oneOf("848x480", "1696x960", "1280x720", "1920x1080")) },
  ...common
}

const secondsOf = (body: Body): number => Number(body["duration"] ?? body["seconds"] ?? defaults.duration)

const modelOf = (body: Body): string => (typeof body["model"] === "string" ? body["model"] : defaults.model)

const promptOf = (body: Body): string => (typeof body["prompt"] === "string" ? body["prompt"] : "")

/** Rules over more than one field: which model takes what, and what goes with reference images. */
const generationConflict = (body: Body): string | undefined => {
  const withImage = (body["image"] ?? body["image_url"] ?? undefined) !== undefined
  const withReferences = Array.isArray(body["reference_images"]) && body["reference_images"].length > 0
  const newer = modelOf(body) !== "grok-imagine-video"
  if (promptOf(body).trim() === "" && !withImage) return "prompt is required"
  if (body["resolution"] === "1080p" && !newer) return "resolution 1080p needs model grok-imagine-video-1.5"
  if (Array.isArray(body["reference_audios"]) && body["reference_audios"].length > 0 && !newer) {
    return "reference_audios need model grok-imagine-video-1.5"
  }
  if (withReferences && secondsOf(body) > 10) {
    // The words are xAI's own.
    return `Duration ${secondsOf(body)}s exceeds the maximum allowed for reference-to-video, which is 10s. (duration)`
  }
  if (withReferences && body["resolution"] === "1080p") return "resolution of reference-to-video is 480p or 720p"
  return undefined
}

export const generations: Submit = {
  path: "/v1/videos/generations",
  media: ["application/json"],
  refuse: (body) => R.violation(generationRules, body) ?? generationConflict(body),
  read: (body) => ({ prompt: promptOf(body), model: modelOf(body), seconds: secondsOf(body) })
}

/** Only the older model edits and extends: nextbound/bragi-canvas#122. */
const sourceRules: R.Rules = {
  prompt: { check: R.filled, required: true },
  video: { check: video, required: true },
  model: { check: R.nullable(R.oneOf("grok-imagine-video")) },
  ...common
}

export const edits: Submit = {
  path: "/v1/videos/edits",
  media: ["application/json"],
  refuse: (body) => R.violation(sourceRules, body),
  read: (body) => ({ prompt: promptOf(body), model: modelOf(body), seconds: defaults.source })
}

const extensionRules: R.Rules = { ...sourceRules, duration: { check: R.nullable(R.integerOrText(2, 10)) } }

export const extensions: Submit = {
  path: "/v1/videos/extensions",
  media: ["application/json"],
  refuse: (body) => R.violation(extensionRules, body),
  // `duration` is the extension alone; the result is source and extension.
  read: (body) => ({
    prompt: promptOf(body),
    model: modelOf(body),
    seconds: defaults.source + Number(body["duration"] ?? defaults.extension)
  })
}
