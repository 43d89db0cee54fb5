/** What an answer reports about one job: the provider's reading, with absolute links and with the key redacted. */
import type { JobRef } from "../job/JobRef.ts"
import type { Answer, Failure, Reading, Receipt } from "../job/Reading.ts"
import type { Call, Provider } from "./Provider.ts"
import { redactor } from "./redact.ts"
import { pollRedirect, submitRedirect } from "./redirect.ts"

export const read = (provider: Provider<never>, ref: JobRef, call: Call, answer: Answer): Reading => {
  const reading = pollRedirect(provider, call, answer) ?? provider.definition.interpret(answer)
  const shown = redactor(provider)
  switch (reading._tag) {
    case "Succeeded": {
      const { why, ...rest } = withContent(reading, ref, provider)
      return why === undefined ? rest : { ...rest, why: safe(why, shown) }
    }
    case "Failed":
      return { ...reading, failure: safe(reading.failure, shown) }
    case "Refused":
      return { ...reading, message: shown(reading.message), code: reading.code === undefined ? undefined : shown(reading.code) }
    case "Missed":
    case "NotFound":
      return { ...reading, detail: shown(reading.detail) }
    case "Unrecognised":
      return { ...reading, word: shown(reading.word) }
    case "Queued":
    case "Running":
    case "Expired":
    case "Cancelled":
      return reading
  }
}

const safe = <Why extends Pick<Failure, "code" | "message">>(why: Why, shown: (text: string) => string): Why => ({
  ...why,
  message: shown(why.message),
  ...(why.code === undefined ? {} : { code: shown(why.code) })
})

/** What the answer to a submission reports, with the key redacted. An id stays unchanged. */
export const receive = (provider: Provider<never>, call: Call, answer: Answer): Receipt => {
  const receipt = submitRedirect(provider, call, answer) ?? provider.definition.receive(answer)
  const shown = redactor(provider)
  switch (receipt._tag) {
    case "Accepted":
      return receipt
    case "Declined":
      return { ...receipt, message: shown(receipt.message), code: receipt.code === undefined ? undefined : shown(receipt.code) }
    case "Busy":
      return { ...receipt, message: shown(receipt.message) }
    case "Unclear":
      return { ...receipt, detail: shown(receipt.detail) }
  }
}

/** A documented content endpoint is the last candidate; a relative link (T38) is resolved from the API's base. */
const withContent = (
  reading: Extract<Reading, { readonly _tag: "Succeeded" }>,
  ref: JobRef,
  { baseUrl, definition }: Provider<never>
): typeof reading => {
  const content = definition.content?.(ref)
  // With words that explain why there is no link, it was not delivered either.
  const to = reading.why === undefined ? ref.deliversTo : undefined
  return {
    ...reading,
    artifacts: [
      ...reading.artifacts.map((artifact) => ({ ...artifact, url: absolute(artifact.url, baseUrl) ?? artifact.url })),
      ...(content === undefined ? [] : [{ url: `${baseUrl}${content}`, kind: "content" as const }]),
      ...(to === undefined ? [] : [{ url: to, kind: "delivered" as const }])
    ]
  }
}

/** A link as an address: unchanged if it is absolute, otherwise from the API's base. `undefined` if it can't be one. */
export const absolute = (url: string, baseUrl: string): string | undefined => {
  if (/^[a-z][a-z\d+.-]*:/iu.test(url)) return URL.canParse(url) ? url : undefined
  return URL.canParse(url, `${baseUrl}/`) ? new URL(url, `${baseUrl}/`).href : undefined
}
