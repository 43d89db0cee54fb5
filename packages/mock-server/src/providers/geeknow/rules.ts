import * as R from "../../base/Rules.ts"
import type { Submit } from "../../provider/Provider.ts"

/** Lengths of each model in seconds; pro and max are fixed by the vendor's script, the default of the first is the sample's. */
const models = new Map<unknown, { readonly seconds: number; readonly fixed: boolean }>([
  ["grok-video-3", { seconds: 6, fixed: false }],
  ["grok-video-3-pro", { seconds: 10, fixed: true }],
  ["grok-video-3-max", { seconds: 15, fixed: true }]
])

/** A file, once or repeated; how JSON, which only the vendor's generated example uses, carries it, no document says. */
const reference: R.Check = R.either("a file", R.filled, R.list(R.either("a file", R.filled, R.record({})), 1))

const rules: R.Rules = {
  prompt: { check: R.filled, required: true },
  aspect_ratio: { check: R.oneOf("2:3", "3:2", "1:1") },
  size: { check: R.oneOf("720P") },
  input_reference: { check: reference, note: "A reference image; may be repeated." }
}

const secondsOf = ({ fixed, seconds }: { readonly seconds: number; readonly fixed: boolean }): R.Rules => ({
  seconds: fixed
    ? { check: R.integerOrText(seconds, seconds), note: "Fixed." }
    : { check: R.integerOrText(1, 60), note: "No range is documented; 60 keeps the mock's files small. Default: 6, as in the sample." }
})

export const create: Submit = {
  path: "/v1/videos",
  summary: "Make a video of a text or of images",
  example: { model: "grok-video-3", prompt: "A candle", seconds: "6" },
  // The prose says multipart, the generated cURL on the same page JSON.
  media: ["multipart/form-data", "application/json"],
  files: ["input_reference"],
  ...R.bodyByModel(rules, new Map(Array.from(models, ([name, model]) => [name, secondsOf(model)]))),
  read: (body) => ({
    prompt: String(body["prompt"]),
    model: String(body["model"]),
    seconds: Number(body["seconds"] ?? models.get(body["model"])?.seconds)
  })
}
