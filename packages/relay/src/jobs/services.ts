/** Runs the engine's effects for the routes: with the transport, the journal and the limits, built once. */
import { Journal, KeyValueJournal, Limits } from "@reelay/core"
import { byFetch, logging, promised } from "@reelay/core/promise"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Scope from "effect/Scope"
import type { RelayOptions } from "./options.ts"

type Needs = HttpClient.HttpClient | Journal.Journal

export interface Services {
  /** Where watch sessions are logged. */
  readonly context: () => Promise<Context.Context<Needs>>
  /** `signal` stops it, and `closing` does if `mayStop` returns true at that moment. */
  readonly run: <A, E>(
    effect: Effect.Effect<A, E, Needs>,
    signal?: AbortSignal,
    closing?: AbortSignal,
    mayStop?: () => boolean
  ) => Promise<A>
  readonly close: () => Promise<void>
}

export const servicesOf = ({ accountLimits, fetch, journal, logLevel, transport }: RelayOptions): Services => {
  const scope = Scope.makeUnsafe()
  const layer = Layer.mergeAll(
    transport ?? Layer.effectContext(byFetch(fetch).downloads),
    Layer.succeed(Limits.Limits, accountLimits ?? Limits.memory()),
    journalOf(journal),
    logging(logLevel)
  )
  // Built when it is first needed: some hosts let nothing be done while a program starts.
  let built: Promise<Context.Context<Needs>> | undefined
  const context = (): Promise<Context.Context<Needs>> => (built ??= Effect.runPromise(Layer.buildWithScope(layer, scope)))
  return {
    context,
    run: async (effect, ...stops) => promised(Effect.provideContext(effect, await context()), ...stops),
    close: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}

const journalOf = (given: RelayOptions["journal"]): Layer.Layer<Journal.Journal> => {
  if (given === undefined) return memoryJournal
  return "entries" in given ? Layer.succeed(Journal.Journal, given) : given
}

const memoryJournal = Layer.provide(KeyValueJournal.layer(), KeyValueStore.layerMemory)
