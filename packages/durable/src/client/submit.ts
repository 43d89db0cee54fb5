/** Takes a job into the database. */
import { JobError, StoredVideoRequest, type VideoRequest } from "@reelay/core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { KeyTaken, type DatabaseFailed } from "../job/DurableError.ts"
import { encode, isReadable } from "../job/Row.ts"
import { Jobs } from "../store/Jobs.ts"

/**
 * A job to make.
 *
 * @category models
 * @since 0.1.0
 */
export interface Order {
  /** The provider's name, such as `xai`: a worker that has its key submits the job. */
  readonly provider: string
  readonly request: VideoRequest.VideoRequest
  /** The account that pays, by the name that the worker's provider has. Default: any of the provider's. */
  readonly account?: string | undefined
  /** Jobs that belong together: `list`, `forget`. */
  readonly batch?: string | undefined
}

/** The longest key. A notification of PostgreSQL has 8000 bytes. */
const longestKey = 500

const refuse = (field: string, rule: string) => Effect.fail(new JobError.InvalidRequest({ field, rule }))

const checkName = (field: string, text: string) => {
  if (text.length === 0 || text.length > longestKey) return refuse(field, `has ${text.length} characters, and must have 1 to ${longestKey}`)
  // oxlint-disable-next-line no-control-regex -- A control character is what is refused: PostgreSQL stores no NUL.
  return /[\u0000-\u001f\u007f]|[\ud800-\udfff]/u.test(text) ? refuse(field, "has a control character, or half of one") : Effect.void
}

/** What was `New` is now to be submitted; what was `Known` stays as it is. */
export type Taken = "New" | "Known"

export const submit = Effect.fn("reelay.durable.submit")(function* (
  key: string,
  { account = "", batch, provider, request }: Order
): Effect.fn.Return<Taken, JobError.InvalidRequest | KeyTaken | DatabaseFailed, Jobs> {
  const jobs = yield* Jobs
  yield* checkName("key", key)
  if (batch !== undefined) yield* checkName("batch", batch)
  if (!/^[a-z][\w.-]{0,63}$/u.test(provider))
    return yield* refuse("provider", `is "${provider.slice(0, 64)}", and must be a provider's name`)
  const text = encode.request(yield* StoredVideoRequest.toStored(request))
  const digest = createHash("sha256")
    .update(JSON.stringify([provider, account, text]))
    .digest("hex")
  const next = { place: { provider, account }, do: "submit", delay: 0 } as const
  const order = { key, batch, provider, account, digest, request: text, state: "Waiting", at: yield* Clock.currentTimeMillis } as const
  for (;;) {
    if (yield* jobs.create(order, next)) return "New"
    const row = yield* jobs.find(key)
    if (row === undefined) continue
    if (!isReadable(row)) return "Known"
    // Nothing was accepted, and nothing will be sent by itself: the key may be used again, for another request too.
    if (row.state === "Refused" || row.state === "Withdrawn") {
      const renewed = yield* jobs.move(row, {
        set: { state: "Waiting", tries: 0, error: null, cancel: null, attempt: null, digest, request: text, account },
        next
      })
      if (renewed !== undefined) return "New"
      continue
    }
    return row.digest === digest ? "Known" : yield* new KeyTaken({ key })
  }
})
