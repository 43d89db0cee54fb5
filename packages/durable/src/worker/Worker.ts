/** A worker: takes tasks of the queues that it has a key for, until it is stopped. */
import { Job, Limits, type Provider, type VideoRequest } from "@reelay/core"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as FileSystem from "effect/FileSystem"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as PersistedQueue from "effect/persistence/PersistedQueue"
import * as Schedule from "effect/Schedule"
import { clockAt } from "../database/clock.ts"
import { type Kind, type Place, queueOf } from "../queue/tasks.ts"
import { shared } from "../limits/shared.ts"
import { Jobs } from "../store/Jobs.ts"
import type { Options } from "./context.ts"
import { counted, Working } from "./gauge.ts"
import { handle } from "./handle.ts"

/** How often the worker's clock is set anew. */
const clockFor = Duration.minutes(10)

type Configured = Provider.Provider<VideoRequest.VideoRequest>

/** The queues of a provider: its account's own, and that of jobs which any account may submit. */
const queuesOf = (provider: Configured, savesToo: boolean): ReadonlyArray<readonly [Place, Kind]> => {
  const name = provider.definition.name
  const own = { provider: name, account: Job.accountOf(provider) }
  const all: Array<readonly [Place, Kind]> = [
    [{ provider: name, account: "" }, "submit"],
    [own, "submit"],
    [own, "poll"]
  ]
  return savesToo ? [...all, [own, "save"]] : all
}

const taker = Effect.fnUntraced(function* (provider: Configured, place: Place, kind: Kind, options: Options, clock: () => Clock.Clock) {
  const jobs = yield* Jobs
  const queue = yield* queueOf(place, kind)
  const { account } = kind === "submit" ? place : { account: Job.accountOf(provider) }
  const one = queue.take((task, { id }) => {
    const work = counted(handle(jobs, { provider, account, task, id }, options)).pipe(Effect.provideService(Clock.Clock, clock()))
    // A POST that has begun is cut by nobody; all else can be taken up again by another worker.
    return task.do === "submit" ? Effect.uninterruptible(work) : work
  })
  return yield* Effect.forever(
    Effect.flatMap(Effect.exit(one), (exit) =>
      Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause)
        ? Effect.void
        : Effect.andThen(Effect.logWarning(`A task of ${kind} failed; it is delivered again`, exit.cause), Effect.sleep("200 millis"))
    )
  )
})

/**
 * Layer that works for as long as it lasts. When its scope closes it takes no more tasks, finishes each POST that has begun and the save or poll
 * that it can, and gives the others back at once.
 */
export const layer = (
  options: Options
): Layer.Layer<
  Working,
  never,
  Jobs | HttpClient.HttpClient | FileSystem.FileSystem | PersistedQueue.PersistedQueueFactory | PersistedQueue.PersistedQueueStore
> =>
  Layer.merge(
    Layer.effectDiscard(
      Effect.gen(function* () {
        const jobs = yield* Jobs
        const own = yield* Clock.Clock
        const measured = Effect.map(jobs.time, (time) => clockAt(own, time))
        let clock = yield* Effect.retry(measured, Schedule.spaced("1 second")).pipe(Effect.orDie)
        yield* Effect.forkScoped(
          Effect.forever(Effect.andThen(Effect.sleep(clockFor), Effect.ignore(Effect.map(measured, (next) => void (clock = next)))))
        )
        const { concurrency = 32, providers } = options
        const limits = options.limits === undefined ? yield* Limits.Limits : yield* shared(jobs, options.limits)
        for (const provider of providers) {
          for (const [place, kind] of queuesOf(provider, options.artifacts !== undefined)) {
            const work = Effect.provideService(
              taker(provider, place, kind, options, () => clock),
              Limits.Limits,
              limits
            )
            yield* Effect.forEach(Array.from({ length: concurrency }), () => Effect.forkScoped(work), { discard: true })
          }
        }
      })
    ),
    // What a task leaves is removed with it: these are deliveries that came twice.
    PersistedQueue.layerCleanup({ interval: "10 minutes", timeToLive: "1 minute" })
  ).pipe(Layer.provideMerge(Working.layer))
