/** What an answer says of one job: the provider's reading, with its links made whole and the key kept out of its words. */
import * as Redacted from "effect/Redacted"
import type { JobRef } from "../JobRef.ts"
import type { Provider } from "../Provider.ts"
import type { Answer, Reading } from "../Reading.ts"
import { withoutSecret } from "../Text.ts"

export const read = (provider: Provider<never>, ref: JobRef, answer: Answer): Reading => {
  const reading = provider.definition.interpret(answer)
  return reading._tag === "Succeeded" ? withContent(reading, ref, provider) : provider.definition.interpret(keyless(answer, provider))
}

/** Some gateways repeat the key in what they say about it: in a message, a code, or wherever else. */
export const keyless = (answer: Answer, { apiKey }: Provider<never>): Answer => ({
  ...answer,
  body: withoutSecret(answer.body, Redacted.value(apiKey))
})

/** A documented content endpoint is the last candidate; a path from the root is one at the API's origin. */
const withContent = (
  reading: Extract<Reading, { readonly _tag: "Succeeded" }>,
  ref: JobRef,
  { baseUrl, definition }: Provider<never>
): Reading => {
  const artifacts = reading.artifacts.map((artifact) =>
    artifact.url.startsWith("/") ? { ...artifact, url: new URL(artifact.url, baseUrl).href } : artifact
  )
  const content = definition.content?.(ref)
  return { ...reading, artifacts: content === undefined ? artifacts : [...artifacts, { url: `${baseUrl}${content}`, kind: "content" }] }
}
