import type { Body } from "../../base/body.ts"
import * as R from "../../base/Rules.ts"
import type { Submit } from "../../provider/Provider.ts"

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

const video: R.Check = R.exactlyOne({ url: { check: R.mp4OrDataUrl }, file_id: { check: R.filled } })

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
  model: { check: R.nullable(R.oneOf(...models)), note: `Default ${defaults.model}.` },
  duration: { check: length, note: `Seconds; default ${defaults.duration}.` },
  seconds: { check: length, note: "Another name of duration, which goes before it." },
  aspect_ratio: { check: R.nullable(R.oneOf("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3")) },
  resolution: { check: R.nullable(R.oneOf("480p", "720p", "1080p")) },
  image: { check: R.nullable(image) },
  reference_images: { check: R.nullable(R.list(media, 1, 7)) },
  reference_audios: {
    check: R.nullable(R.list(R.exactlyOne({ voice_id: { check: R.filled }, url: { check: R.webOrDataUrl } }), 0, 3))
  },
  generate_audio: { check: R.nullable(R.flag) },
  size: { check: R.nullable(R.oneOf("848x480", "1696x960", "1280x720", "1920x1080")), note: "Deprecated." },
  ...common
}

const secondsOf = (body: Body): number => Number(body["duration"] ?? body["seconds"] ?? defaults.duration)

const modelOf = (body: Body): string => (typeof body["model"] === "string" ? body["model"] : defaults.model)

const isDelivered = ({ output }: Body): boolean =>
  typeof output === "object" && output !== null && "upload_url" in output && typeof output.upload_url === "string"

const promptOf = (body: Body): string => (typeof body["prompt"] === "string" ? body["prompt"] : "")

const older = { properties: { model: { enum: [null, "grok-imagine-video"] } } }
const highest = { required: ["resolution"], properties: { resolution: { const: "1080p" } } }
const some = (name: string): R.Json => ({ required: [name], properties: { [name]: { type: "array", minItems: 1 } } })
const told = (name: string, schema: R.Json = { not: { type: "null" } }): R.Json => ({ required: [name], properties: { [name]: schema } })

const isOlder = (body: Body): boolean => modelOf(body) === "grok-imagine-video"
const hasSome = (body: Body, name: string): boolean => Array.isArray(body[name]) && body[name].length > 0

const short = R.integerOrText(1, 10).schema

/** Rules over more than one field: which model takes what, and what goes with reference images. */
const generationConflicts: ReadonlyArray<R.Conflict> = [
  {
    refuse: (body) => {
      const withImage = (body["image"] ?? body["image_url"] ?? undefined) !== undefined
      return promptOf(body).trim() === "" && !withImage ? "prompt is required" : undefined
    },
    schema: {
      description: "prompt is required, unless there is an image.",
      anyOf: [told("prompt", { type: "string", pattern: "\\S" }), told("image"), told("image_url")]
    }
  },
  {
    refuse: (body) => (body["resolution"] === "1080p" && isOlder(body) ? "resolution 1080p needs model grok-imagine-video-1.5" : undefined),
    schema: { description: "resolution 1080p needs model grok-imagine-video-1.5.", not: { allOf: [highest, older] } }
  },
  {
    refuse: (body) =>
      hasSome(body, "reference_audios") && isOlder(body) ? "reference_audios need model grok-imagine-video-1.5" : undefined,
    schema: {
      description: "reference_audios need model grok-imagine-video-1.5.",
      not: { allOf: [some("reference_audios"), older] }
    }
  },
  {
    refuse: (body) =>
      hasSome(body, "reference_images") && secondsOf(body) > 10
        ? // The words are xAI's own.
          `Duration ${secondsOf(body)}s exceeds the maximum allowed for reference-to-video, which is 10s. (duration)`
        : undefined,
    schema: {
      description: "With reference_images a video has at most 10 seconds.",
      anyOf: [
        { not: some("reference_images") },
        told("duration", short),
        { properties: { duration: { type: "null" }, seconds: { anyOf: [short, { type: "null" }] } } }
      ]
    }
  },
  {
    refuse: (body) =>
      hasSome(body, "reference_images") && body["resolution"] === "1080p" ? "resolution of reference-to-video is 480p or 720p" : undefined,
    schema: {
      description: "With reference_images the resolution is 480p or 720p.",
      not: { allOf: [some("reference_images"), highest] }
    }
  }
]

export const generations: Submit = {
  path: "/v1/videos/generations",
  summary: "Make a video of a text, an image or reference images",
  example: { prompt: "A candle", duration: 1 },
  media: ["application/json"],
  delivers: true,
  ...R.body(generationRules, generationConflicts),
  read: (body) => ({ prompt: promptOf(body), model: modelOf(body), seconds: secondsOf(body), isDelivered: isDelivered(body) })
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
  summary: "Edit a video",
  example: { prompt: "At night", video: { url: "https://example.com/a.mp4" } },
  media: ["application/json"],
  delivers: true,
  ...R.body(sourceRules),
  read: (body) => ({ prompt: promptOf(body), model: modelOf(body), seconds: defaults.source, isDelivered: isDelivered(body) })
}

const extensionRules: R.Rules = {
  ...sourceRules,
  duration: { check: R.nullable(R.integerOrText(2, 10)), note: `Seconds of the extension alone; default ${defaults.extension}.` }
}

export const extensions: Submit = {
  path: "/v1/videos/extensions",
  summary: "Continue a video",
  example: { prompt: "The flame goes out", duration: 2, video: { url: "https://example.com/a.mp4" } },
  media: ["application/json"],
  delivers: true,
  ...R.body(extensionRules),
  // `duration` is the extension alone; the result is source and extension.
  read: (body) => ({
    prompt: promptOf(body),
    model: modelOf(body),
    seconds: defaults.source + Number(body["duration"] ?? defaults.extension),
    isDelivered: isDelivered(body)
  })
}
