/** The checks before a byte is sent. */
import * as Redacted from "effect/Redacted"
import { ForbiddenAddress, InvalidRequest, JobError, type Operation, type Reason, Unauthorized } from "../job/JobError.ts"
import { isBaseUrl, type JobRef } from "../job/JobRef.ts"
import { accountOf } from "./account.ts"
import { baseUrlProblem } from "./baseUrl.ts"
import { refuseHeaders } from "./headers.ts"
import { isId } from "./ids.ts"
import type { Provider } from "./Provider.ts"

/** Why a provider can't be used as configured. */
export const refuseProvider = (provider: Provider<never>): InvalidRequest | undefined => {
  const { baseUrl, definition, invalid } = provider
  if (invalid !== undefined) return invalid
  const key = keyProblem(Redacted.value(provider.apiKey), definition.title)
  if (key !== undefined) return new InvalidRequest({ field: "apiKey", rule: key })
  const address = baseUrlProblem(baseUrl, definition.baseUrl, definition.prefix)
  if (address !== undefined) return new InvalidRequest({ field: "baseUrl", rule: address })
  return refuseHeaders(provider)
}

/** A header can't carry every text, and the error of an HTTP client would show the key. */
const keyProblem = (key: string, title: string): string | undefined => {
  if (key === "") return `is missing for ${title}`
  if (key === "undefined" || key === "null") return `is the text "${key}", as from a variable that isn't set`
  if (/^bearer\s/iu.test(key)) return "begins with Bearer, which is added to it: give the key alone"
  return /^[\x21-\x7e]+$/u.test(key) ? undefined : "has characters that a key can't have, such as a space or a line break"
}

/** Why a reference can't be followed with this provider. */
export const refuseRef = (
  provider: Provider<never>,
  ref: JobRef,
  { anyAccount }: { readonly anyAccount: boolean }
): InvalidRequest | ForbiddenAddress | Unauthorized | undefined => {
  const { definition } = provider
  if (ref.provider !== definition.name) {
    return new InvalidRequest({ field: "ref", rule: `is of a job at ${ref.provider}, and this is ${definition.name}` })
  }
  if (!isId(ref.id)) return new InvalidRequest({ field: "ref", rule: "has an id that can't be a part of an address" })
  if (!isBaseUrl(ref.baseUrl))
    return new InvalidRequest({ field: "ref", rule: "names an invalid address, or one with a query or a user name" })
  if (ref.baseUrl !== definition.baseUrl && ref.baseUrl !== provider.baseUrl) {
    return new ForbiddenAddress({
      address: new URL(ref.baseUrl).origin,
      rule: `is neither ${definition.title}'s address nor the configured one, so it does not get the key. If you trust it, give it as the base URL (baseUrl): ${ref.baseUrl}`
    })
  }
  if (!anyAccount && ref.account !== undefined && ref.account !== accountOf(provider)) {
    return new Unauthorized({
      detail: `the job belongs to the account ${ref.account}, and this key to ${accountOf(provider)}; a provider knows a job only under the account that made it. If the key was renewed, attach with anyAccount: true`
    })
  }
  return undefined
}

/** An error for a reason, if no attempt was made. */
export const refusal =
  ({ definition }: Provider<never>, operation: Operation, ref?: JobRef) =>
  (reason: Reason): JobError =>
    new JobError({ reason, provider: definition.name, operation, attempt: 0, ...(ref === undefined ? {} : { ref }) })
