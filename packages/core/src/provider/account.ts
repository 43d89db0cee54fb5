/** The account that jobs belong to. */
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js"
import * as Redacted from "effect/Redacted"
import type { Provider } from "./Provider.ts"

/** The scope of shared limits: the jobs of one account at one address. */
export interface Account {
  /** Scheme, host and port. */
  readonly origin: string
  /** The caller's name for the account, or a fingerprint of its key. Never the key. */
  readonly account: string
}

/** The account that a job belongs to: the caller's name for it, or a fingerprint that tells two keys apart and nothing more. */
export const accountOf = ({ account, apiKey }: Provider<never>): string =>
  account ?? `key-${bytesToHex(sha256(utf8ToBytes(Redacted.value(apiKey)))).slice(0, 8)}`

/** A provider at the address of a job. The same one if it is there: what is kept by its identity is shared. */
export const providerAt = (provider: Provider<never>, baseUrl: string): Provider<never> =>
  provider.baseUrl === baseUrl ? provider : { ...provider, baseUrl }

export const accountAt = (provider: Provider<never>): Account => ({
  origin: new URL(provider.baseUrl).origin,
  account: accountOf(provider)
})
