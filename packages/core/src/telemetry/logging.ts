import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as References from "effect/References"
import * as Stream from "effect/Stream"
import type { JobHandle } from "../Job.ts"

/**
 * The least that is worth a line on the console.
 *
 * @category models
 * @since 0.1.0
 */
export type LogLevel = "none" | "error" | "warning" | "info" | "debug"

/**
 * Layer for what is logged and what is not: for what a platform package runs by itself.
 *
 * @category layers
 * @since 0.1.0
 */
export const logging = (level: LogLevel = "warning"): Layer.Layer<never> => Layer.succeed(References.MinimumLogLevel, levels[level])

const levels = { none: "None", error: "Error", warning: "Warn", info: "Info", debug: "Debug" } as const

/** A handle that is quiet as its maker wished: a poller runs as those do who started it. */
export const levelled = (handle: JobHandle, layer: Layer.Layer<never>): JobHandle => ({
  ...handle,
  states: Stream.provide(handle.states, layer),
  result: Effect.provide(handle.result, layer),
  cancel: Effect.provide(handle.cancel, layer)
})
