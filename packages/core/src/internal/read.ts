/** What an answer says of one job: the provider's reading, with its links made whole and the key kept out of its words. */
import * as Redacted from "effect/Redacted"
import type { JobRef } from "../JobRef.ts"
import type { Provider } from "../Provider.ts"
import type { Answer, Reading } from "../Reading.ts"
import { withoutSecret } from "../Text.ts"

export const read = (provider: Provider<never>, ref: JobRef, answer: Answer): Reading =>
  keyless(withContent(provider.definition.interpret(answer), ref, provider), Redacted.value(provider.apiKey))

/** A documented content endpoint is the last candidate; a path from the root is one at the API's origin. */
const withContent = (reading: Reading, ref: JobRef, { baseUrl, definition }: Provider<never>): Reading => {
  if (reading._tag !== "Succeeded") return reading
  const artifacts = reading.artifacts.map((artifact) =>
    artifact.url.startsWith("/") ? { ...artifact, url: new URL(artifact.url, baseUrl).href } : artifact
  )
  const content = definition.content?.(ref)
  return { ...reading, artifacts: content === undefined ? artifacts : [...artifacts, { url: `${baseUrl}${content}`, kind: "content" }] }
}

/** Some gateways repeat the key in what they say about it. */
const keyless = (reading: Reading, key: string): Reading => {
  switch (reading._tag) {
    case "Failed":
      return { ...reading, failure: { ...reading.failure, message: withoutSecret(reading.failure.message, key) } }
    case "Missed":
    case "NotFound":
      return { ...reading, detail: withoutSecret(reading.detail, key) }
    case "Refused":
      return { ...reading, message: withoutSecret(reading.message, key) }
    case "Unrecognised":
      return { ...reading, word: withoutSecret(reading.word, key) }
    case "Queued":
    case "Running":
    case "Succeeded":
    case "Expired":
    case "Cancelled":
      return reading
  }
}
