/** The names of a submission: the caller's key, and the id of its entry in the journal. */
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js"
import * as Effect from "effect/Effect"
import { jobKey, type JobRef } from "../job/JobRef.ts"
import { accountOf } from "../provider/account.ts"
import type { Call, Provider } from "../provider/Provider.ts"

const hashOf = (text: string): string => bytesToHex(sha256(utf8ToBytes(text))).slice(0, 32)

/** The entry of a key: the same id in every process, so that two can't both submit it. */
export const idOfKey = (key: string): string => `key-${hashOf(key)}`

/** The entry of one key of a batch. */
export const idInBatch = (batch: string, key: string): string => `batch-${hashOf(JSON.stringify([batch, key]))}`

/** Whether an id is that of a key, alone or in a batch. */
export const isOfKey = (id: string): boolean => /^(key|batch)-/u.test(id)

/** Joined, and so one flat text: there is one for each submission. */
const random = (): string =>
  Array.from(globalThis.crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, "0")).join("")

/**
 * Makes a unique id, across processes. It contains when it was made (epoch milliseconds) and a short form of the request's digest, so a search
 * for that request need not read the other entries.
 */
export const idAt = (at: number, digest: string): string =>
  `${Math.max(0, Math.floor(at)).toString(36).padStart(9, "0")}-${shortened(digest)}-${random()}`

/** The part of a digest that is in an id. */
export const shortened = (digest: string): string => digest.slice(0, 12)

/** What an id without a key contains: when it was made, and the short form of the request's digest. */
export const toldBy = (id: string): { readonly at: number; readonly request: string } | undefined => {
  const [, at = "", request] = /^([\da-z]{9,})-([\da-f]{12})-[\da-f]{16}$/u.exec(id) ?? []
  return request === undefined ? undefined : { at: Number.parseInt(at, 36), request }
}

/** Identifies an attempt. */
export const attemptId = random

/** SHA-256 of a call: method, path, and body with the bytes of its files. */
export const digestOf = ({ body, method, path }: Call): Effect.Effect<string> =>
  Effect.map(textOf(body), (text) => bytesToHex(sha256(utf8ToBytes(`${method} ${path}\n${text}`))))

/** The provider and account of a submission, as the journal keeps them. */
export interface Asked {
  readonly provider: string
  readonly baseUrl: string
  readonly account: string
}

export const askedOf = (provider: Provider<never>): Asked => ({
  provider: provider.definition.name,
  baseUrl: provider.baseUrl,
  account: accountOf(provider)
})

/** One text for one account. */
export const accountKey = ({ account, baseUrl, provider }: Asked): string => [provider, baseUrl, account].join("\n")

/** The same request to the same account: it must not be paid for again while its outcome is unknown. */
export const fingerprint = (asked: Asked, digest: string): string => `${accountKey(asked)}\n${digest}`

export const isSameJob = (one: JobRef | undefined, other: JobRef): boolean => one !== undefined && jobKey(one) === jobKey(other)

const textOf = (body: Call["body"]): Effect.Effect<string> => {
  if (body === undefined) return Effect.succeed("")
  if (body._tag === "Json") return Effect.sync(() => JSON.stringify(body.value))
  const parts = Effect.forEach(body.parts, ({ filename, name, value }) =>
    Effect.map(typeof value === "string" ? Effect.succeed(value) : fileDigest(value), (said) => [name, filename, said])
  )
  return Effect.map(parts, (all) => JSON.stringify(all))
}

const fileDigest = (file: Blob): Effect.Effect<string> =>
  Effect.promise(async () => bytesToHex(sha256(new Uint8Array(await file.arrayBuffer()))))
