/** The task that polls a job once, and says when it is polled again. */
import { Job, JobState, type Poller } from "@reelay/core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { encode, type Row } from "../job/Row.ts"
import type { Jobs } from "../store/Jobs.ts"
import type { Delivery, Options } from "./context.ts"

/** After sight of a job is lost before its deadline, it is looked for again this much later at the least. */
const searchMs = 60_000

export const pollTask = Effect.fn("reelay.durable.pollTask")(function* (
  jobs: Jobs["Service"],
  row: Row,
  delivery: Delivery,
  options: Options
) {
  const { account, id: done, provider } = delivery
  const { ref } = row
  if (ref === null || row.ended !== undefined) return undefined
  const place = { provider: row.provider, account }
  const asked = yield* Effect.result(
    Effect.gen(function* () {
      const poller: Poller.Poller = row.poller ?? (yield* Job.poller(provider, ref, { ...options.watch, owned: true }))
      return yield* Job.poll(provider, poller, { ...options.watch })
    })
  )
  // This worker can't poll it, by its configuration: the task is delivered again, and the job stays open.
  if (Result.isFailure(asked)) return yield* asked.failure
  const { next, poller, state } = asked.success
  const set = { poller: encode.poller(poller), state: poller.state._tag }
  const now = yield* Clock.currentTimeMillis
  switch (next._tag) {
    case "Poll":
      return yield* jobs.move(row, {
        set: { ...set, error: null },
        isChange: state !== undefined,
        next: { place, do: "poll", delay: next.at - now },
        canRepeat: true,
        done
      })
    case "Lost": {
      const { error } = next
      if (error.reason._tag === "DeadlineExceeded" || error.again !== "watch") {
        return yield* jobs.move(row, { set: { ...set, state: "Lost", error: encode.error(error) }, ends: true, canRepeat: true, done })
      }
      // It is paid for: it is looked for until its deadline.
      yield* Effect.logWarning(`${row.key}: ${error.message}`)
      const delay = Math.max(searchMs, poller.nextAt - now)
      return yield* jobs.move(row, {
        set: { ...set, error: encode.error(error) },
        next: { place, do: "poll", delay },
        canRepeat: true,
        done
      })
    }
    case "Ended": {
      const isToBeSaved = poller.state._tag === "Succeeded" && options.artifacts !== undefined
      return yield* jobs.move(row, {
        set: { ...set, tries: 0, error: null },
        ends: !isToBeSaved && JobState.isTerminal(poller.state),
        next: isToBeSaved ? { place, do: "save", delay: 0 } : undefined,
        canRepeat: true,
        done
      })
    }
  }
})
