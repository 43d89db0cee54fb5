import type { Body } from "../internal/body.ts"
import * as R from "../internal/rules.ts"
import type { Submit } from "./Dialect.ts"

/** Lengths of each model in seconds; pro and max are fixed by the vendor's script, the default of the first is the sample's. */
const models = new Map<unknown, { readonly seconds: number; readonly fixed: boolean }>([
  ["grok-video-3", { seconds: 6, fixed: false }],
  ["grok-video-3-pro", { seconds: 10, fixed: true }],
  ["grok-video-3-max", { seconds: 15, fixed: true }]
])

/** A file, once or repeated; how JSON, which only the vendor's generated example uses, carries it, no document says. */
const reference: R.Check = R.either("a file", R.filled, R.list(R.either("a file", R.filled, R.record({})), 1, Number.MAX_SAFE_INTEGER))

const rules: R.Rules = {
  model: { check: R.oneOf(...Array.from(models.keys(), String)), required: true },
  prompt: { check: R.filled, required: true },
  aspect_ratio: { check: R.oneOf("2:3", "3:2", "1:1") },
  // No range is documented; 60 keeps the mock's files small.
  seconds: { check: R.integerOrText(1, 60) },
  size: { check: R.oneOf("720P") },
  input_reference: { check: reference }
}

const refuse = (body: Body): string | undefined => {
  const problem = R.violation(rules, body)
  const model = models.get(body["model"])
  if (problem !== undefined || model === undefined || !model.fixed || body["seconds"] === undefined) return problem
  return Number(body["seconds"]) === model.seconds ? undefined : `seconds of ${String(body["model"])} is always ${model.seconds}`
}

export const create: Submit = {
  path: "/v1/videos",
  // The prose says multipart, the generated cURL on the same page JSON.
  media: ["multipart/form-data", "application/json"],
  refuse,
  read: (body) => ({
    prompt: String(body["prompt"]),
    model: String(body["model"]),
    seconds: Number(body["seconds"] ?? models.get(body["model"])?.seconds)
  })
}
