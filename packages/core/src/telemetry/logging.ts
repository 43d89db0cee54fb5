import * as Layer from "effect/Layer"
import * as References from "effect/References"
import { oneOf, type Rule } from "../request/optionRules.ts"

/**
 * The lowest level that is printed on the console.
 *
 * @category models
 * @since 0.1.0
 */
export type LogLevel = "none" | "error" | "warning" | "info" | "debug"

/**
 * Layer for the log level of effects that a platform package runs by itself.
 *
 * @category layers
 * @since 0.1.0
 */
export const logging = (level: LogLevel = "warning"): Layer.Layer<never> => Layer.succeed(References.MinimumLogLevel, levels[level])

/** What a log level must be. */
export const logLevelRule: Rule = (value) => oneOf(...Object.keys(levels))(value)

const levels = { none: "None", error: "Error", warning: "Warn", info: "Info", debug: "Debug" } as const
