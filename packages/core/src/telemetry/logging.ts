import * as Layer from "effect/Layer"
import * as References from "effect/References"

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
