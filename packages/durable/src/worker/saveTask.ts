/** The task that puts a finished video into the artifact store. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { encode, type Row } from "../job/Row.ts"
import type { Jobs } from "../store/Jobs.ts"
import { backoff, type Delivery, type Options } from "./context.ts"

/** After so many failed downloads a person has to look: about a quarter of an hour later. */
const mostTries = 20

export const saveTask = Effect.fn("reelay.durable.saveTask")(function* (
  jobs: Jobs["Service"],
  row: Row,
  delivery: Delivery,
  options: Options
) {
  const { account, id: done, provider } = delivery
  const state = row.poller?.state
  const { artifacts } = options
  if (state?._tag !== "Succeeded" || row.ended !== undefined || artifacts === undefined || row.poller === null) return undefined
  const put = yield* Effect.result(artifacts.put(row.key, provider, state))
  if (Result.isSuccess(put)) {
    // The provider's own links may be signed: the row keeps none of them.
    const kept = { ...state, artifacts: [{ url: put.success.location, kind: "link" }] } as const
    return yield* jobs.move(row, {
      set: { state: "Saved", error: null, saved: encode.saved(put.success), poller: encode.poller({ ...row.poller, state: kept }) },
      ends: true,
      canRepeat: true,
      done
    })
  }
  const error = put.failure
  if (error.again !== "never" && row.tries < mostTries) {
    return yield* jobs.move(row, {
      set: { tries: row.tries + 1, error: encode.error(error) },
      isChange: false,
      next: { place: { provider: row.provider, account }, do: "save", delay: backoff(row.tries) },
      canRepeat: true,
      done
    })
  }
  return yield* jobs.move(row, { set: { state: "DownloadFailed", error: encode.error(error) }, ends: true, canRepeat: true, done })
})
