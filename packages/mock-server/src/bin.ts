#!/usr/bin/env node
/**
 * The command `reelay-mock`: the mock on a port, until it is told to stop.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Runtime from "effect/Runtime"
import { parseDuration } from "./internal/duration.ts"
import { version } from "./internal/version.ts"
import type { Entry } from "./Journal.ts"
import { toText } from "./MagicPrompt.ts"
import { serve } from "./node.ts"

const time = (name: string, fallback: string, what: string): Flag.Flag<number> =>
  Flag.String(name).pipe(
    Flag.withDefault(fallback),
    Flag.withDescription(`${what}: 500ms, 10s, 2m, 1h (default ${fallback})`),
    Flag.filterMap(
      (text) => Option.fromUndefinedOr(parseDuration(text)),
      () => "a time, as 500ms, 10s, 2m or 1h"
    )
  )

const flags = {
  port: Flag.Int("port").pipe(
    Flag.withDefault(8787),
    Flag.withDescription("The port to listen on; 0 takes a free one (default 8787)"),
    Flag.filter(
      (port) => port >= 0 && port <= 65_535,
      () => "a number from 0 to 65535"
    )
  ),
  host: Flag.String("host").pipe(Flag.withDefault("127.0.0.1"), Flag.withDescription("The address to listen on (default 127.0.0.1)")),
  duration: time("duration", "10s", "How long a job takes"),
  urlTtl: time("url-ttl", "1h", "How long a video's URL is good"),
  seed: Flag.String("seed").pipe(Flag.withDefault("reelay"), Flag.withDescription("Ids and pictures derive from it (default reelay)")),
  clock: Flag.Literals("clock", ["given", "frozen", "lockstep"]).pipe(
    Flag.withDefault("given"),
    Flag.withDescription(
      "What moves its time: the real clock (given), POST /__mock/clock (frozen), or each request's x-client-now too (lockstep)"
    )
  ),
  quiet: Flag.Boolean("quiet").pipe(Flag.withDefault(false), Flag.withDescription("No line on standard error for each request"))
}

const line = ({ method, path, status }: Entry): void => {
  process.stderr.write(`${method} ${path} ${status ?? ""}\n`)
}

/** What the port's owner has to know, in one line. */
const explain = (cause: unknown, host: string, port: number): string => {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} is busy: stop what listens there, or choose another with --port (--port 0 takes a free one).`
    case "EACCES":
      return `Port ${port} needs more rights: choose one above 1023 with --port.`
    default:
      return `Listening on ${host}, port ${port}, failed: ${cause instanceof Error ? cause.message : String(cause)}`
  }
}

const command = Command.make("reelay-mock", flags, ({ quiet, host, port, ...options }) => {
  const start = Effect.tryPromise({
    try: () => serve({ ...options, host, port, ...(quiet ? {} : { onAnswer: line }) }),
    catch: (cause) => new CliError.UserError({ cause, userMessage: explain(cause, host, port) })
  })
  return Effect.acquireRelease(start, ({ close }) => Effect.promise(close)).pipe(
    // The first line is the URL and nothing else: scripts read it.
    Effect.tap(({ url }) => Console.log(url)),
    Effect.andThen(Effect.never),
    Effect.scoped
  )
}).pipe(
  Command.withDescription(
    `A mock of CometAPI, XingChao, GeekNow and xAI video generation. It generates nothing and bills nothing.\n\nWords in a prompt choose what becomes of the job:\n\n${toText()}`
  ),
  Command.withShortDescription("A mock of four video APIs")
)

/** One line for each thing that is wrong, and nothing on standard output, where a script looks for the URL. */
const report = (error: CliError.CliError) => {
  if (error._tag === "ShowHelp") return [...error.errors.map(({ message }) => message), "See reelay-mock --help."].join("\n")
  return error.message
}

/** The whole help only to those who ask for it. */
const presenter: CliOutput.Presenter = {
  present: (event) => (event._tag === "Help" && event.reason === "Implicit" ? Effect.void : CliOutput.defaultPresenter.present(event))
}

const toldToStop: Runtime.Teardown = (exit, onExit) => onExit(Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause) ? 0 : 1)

Command.run(command, { version, renderErrors: false }).pipe(
  Effect.tapError((error) => Console.error(report(error))),
  Effect.provide([NodeServices.layer, CliOutput.layerPresenter(presenter)]),
  NodeRuntime.runMain({ disableErrorReporting: true, teardown: toldToStop })
)
