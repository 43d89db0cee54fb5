/** Reelay's three APIs, each over any transport. A row of them is one line: see `reelay-promise-node.ts`. */
import { Job, Limits } from "@reelay/core"
import type { createClient } from "@reelay/core/promise"
import { submit$ } from "@reelay/core/rxjs"
import { xai } from "@reelay/providers/xai"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"
import { fromEvent, lastValueFrom, takeUntil } from "rxjs"
import type { Client, Place, Row, Waiting } from "../../Row.ts"
import { stoppable } from "./stoppable.ts"

/** A way to send, as a program that uses Reelay names it. */
export interface Transport {
  readonly kind: NonNullable<Row["transport"]>
  readonly title: string
  readonly layer: Layer.Layer<HttpClient.HttpClient>
  /** The Promise API over it. */
  readonly createClient: typeof createClient
}

const request = { prompt: "A red fox." }
const providerAt = ({ base }: Place) => xai({ apiKey: "key", baseUrl: base })
/** No job of the bench is too old, and what stands on the console is of no use to anybody. */
const common = ({ interval }: Place) => ({ pace: interval, deadline: "7 days", logLevel: "none" }) as const

const rowOf = (api: string, { kind, title }: Pick<Transport, "kind" | "title">, make: (place: Place) => Client): Row => ({
  title: `Reelay ${api}, ${title}`,
  group: "Reelay",
  transport: kind,
  firstPoll: "after an interval",
  packages: ["effect", ...(api === "RxJS" ? ["rxjs"] : [])],
  make
})

export const promise = (transport: Pick<Transport, "createClient" | "kind" | "title">): Row =>
  rowOf("Promise", transport, (place) => {
    const client = transport.createClient({ provider: providerAt(place), ...common(place) })
    return {
      video: async (signal) => {
        const job = await client.submit(request, { signal })
        return (await job.result({ signal })).artifacts[0].url
      },
      share: async (subscribers, told) => {
        const job = await client.submit(request)
        const subscriptions = Array.from({ length: subscribers }, () => job.subscribe({ next: told }))
        return {
          stop: () => {
            for (const subscription of subscriptions) subscription.unsubscribe()
          }
        }
      },
      close: () => client.close()
    }
  })

export const effect = (transport: Pick<Transport, "kind" | "layer" | "title">): Row =>
  rowOf("Effect", transport, (place) => {
    const runtime = ManagedRuntime.make(Layer.merge(transport.layer, Limits.layerMemory()))
    const provider = providerAt(place)
    const { deadline, pace } = common(place)
    const submitted = Job.submit(provider, request, { deadline, pace })
    const video = Effect.map(
      Effect.flatMap(submitted, ({ result }) => result),
      ({ artifacts }) => artifacts[0].url
    )
    return {
      video: (signal) => runtime.runPromise(video, { signal }),
      handle: (): Waiting => {
        const fiber = runtime.runFork(video)
        return {
          video: new Promise((resolve, reject) => {
            fiber.addObserver((exit) => (Exit.isSuccess(exit) ? resolve(exit.value) : reject(Cause.squash(exit.cause))))
          }),
          stop: () => fiber.interruptUnsafe()
        }
      },
      share: async (subscribers, told) => {
        const { states } = await runtime.runPromise(submitted)
        const listening = Stream.runForEach(states, () => Effect.sync(told))
        const fibers = Array.from({ length: subscribers }, () => runtime.runFork(listening))
        return {
          stop: () => {
            for (const fiber of fibers) fiber.interruptUnsafe()
          }
        }
      },
      close: () => runtime.dispose()
    }
  })

export const rxjs = (transport: Pick<Transport, "kind" | "layer" | "title">): Row =>
  rowOf("RxJS", transport, (place) => {
    const provider = providerAt(place)
    // Every Observable builds its transport: here they share one, as they share their limits.
    const runtime = ManagedRuntime.make(transport.layer)
    const options = { ...common(place), transport: Layer.effectContext(runtime.contextEffect), limits: Limits.memory() }
    const states$ = () => submit$(provider, request, options)
    return {
      video: async (signal) => {
        const last = await lastValueFrom(signal === undefined ? states$() : states$().pipe(takeUntil(fromEvent(signal, "abort"))))
        if (last._tag !== "Succeeded") throw new Error(`It ended as ${last._tag}`)
        return last.artifacts[0].url
      },
      handle: () => stoppable(states$(), (state) => (state._tag === "Succeeded" ? state.artifacts[0].url : undefined)),
      share: (subscribers, told) => {
        const shared$ = states$()
        const subscriptions = Array.from({ length: subscribers }, () => shared$.subscribe(told))
        return {
          stop: () => {
            for (const subscription of subscriptions) subscription.unsubscribe()
          }
        }
      },
      close: () => runtime.dispose()
    }
  })
