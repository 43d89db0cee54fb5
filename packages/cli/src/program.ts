/** The command as a whole: its subcommands, their report and their exit code. */
import { JobError, KeyValueJournal, Limits } from "@reelay/core"
import { Transport } from "@reelay/node"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import type * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { attach } from "./commands/attach.ts"
import { cancel, prune, resolve } from "./commands/durable/settle.ts"
import { status } from "./commands/durable/status.ts"
import { submit } from "./commands/durable/submit.ts"
import { worker } from "./commands/durable/worker.ts"
import { providers } from "./commands/providers.ts"
import { jobs } from "./commands/jobs.ts"
import { resume } from "./commands/resume.ts"
import { run } from "./commands/run.ts"
import { type ExitCode, exitCodeTable, ofError } from "./ExitCode.ts"
import * as Lines from "./Lines.ts"
import type { Outcome } from "./Outcome.ts"
import * as Report from "./Report.ts"
import * as Session from "./Session.ts"
import * as State from "./State.ts"
import { version } from "./version.ts"

/** What a run needs from outside. */
export interface Process {
  readonly args: ReadonlyArray<string>
  readonly streams: Report.Streams
}

/** A run, and its state at any moment. */
export interface Run {
  readonly effect: Effect.Effect<ExitCode>
  readonly session: Session.Session
  /** Chosen once the flags are read. */
  readonly report: () => Report.Report["Service"]
}

export const make = ({ args, streams }: Process): Run => {
  const session = Session.make()
  let report = args.includes("--json") ? Report.json(streams) : Report.plain(streams)
  let code: ExitCode = 0

  const outcome: Outcome = (flags, work) =>
    Effect.gen(function* () {
      const { json, many = false } = flags
      session.many = many
      report = json
        ? Report.json(streams)
        : streams.columns() === undefined
          ? Report.plain(streams, many)
          : yield* Report.live(streams, many)
      code = yield* work.pipe(
        Effect.catch((error) => Effect.as(report.error(error), ofError(error))),
        Effect.provideService(Report.Report, report),
        Effect.provideService(Session.Current, session)
      )
    }).pipe(
      Effect.scoped,
      Effect.provide(
        Layer.provideMerge(flags.journal === false ? KeyValueJournal.layerMemory : State.layer, services(streams, flags.proxy))
      ),
      Effect.catch((error) => Effect.as(report.error(error), void (code = ofError(error))))
    )

  const command = Command.make("reelay").pipe(
    Command.withDescription(`Video-generation jobs: submitted once, watched to their end, saved.\n\nExit codes:\n${exitCodeTable()}`),
    Command.withShortDescription("Video-generation jobs"),
    Command.withSubcommands([
      run(outcome),
      attach(outcome),
      resume(outcome),
      jobs(outcome),
      providers,
      submit(outcome),
      worker(outcome),
      status(outcome),
      cancel(outcome),
      resolve(outcome),
      prune(outcome)
    ])
  )

  const effect = Command.runWith(command, { version, renderErrors: false })(args).pipe(
    Effect.catch((error) => Effect.sync(() => (code = unusable(error, args, streams)))),
    Effect.provide([NodeServices.layer, CliOutput.layerPresenter(presenter)]),
    Effect.map(() => code)
  )
  return { effect, session, report: () => report }
}

/** The transport is chosen here, once; warnings go to standard error, as one line. */
const services = ({ err }: Report.Streams, proxy = "environment") =>
  Layer.mergeAll(
    Layer.catchCause(Transport.layer({ proxy }), (cause) => Layer.effect(HttpClient.HttpClient, notAProxy(Cause.squash(cause)))),
    Limits.layerMemory(),
    NodeServices.layer,
    Logger.layer([Logger.make(({ message }) => err(`${Array.isArray(message) ? message.join(" ") : String(message)}\n`))])
  )

/** The transport's message about an invalid proxy: the option's name, then the rule. */
const notAProxy = (error: unknown): Effect.Effect<never, JobError.JobError> => {
  const [, field = "proxy", rule = "can't be used"] = /^(\S+) (.+)$/u.exec(error instanceof TypeError ? error.message : "") ?? []
  const reason = new JobError.InvalidRequest({ field, rule })
  return Effect.fail(new JobError.JobError({ reason, provider: "reelay", operation: "submit", attempt: 0 }))
}

/** One line for each problem with the command line. Requested help isn't an error. */
const unusable = (error: CliError.CliError, args: ReadonlyArray<string>, { err, out }: Report.Streams): ExitCode => {
  const problems = error._tag === "ShowHelp" ? error.errors.map(({ message }) => message) : [error.message]
  if (error._tag === "ShowHelp" && problems.length === 0) {
    err("Which command? See reelay --help.\n")
    return 2
  }
  if (args.includes("--json")) out(`${JSON.stringify(Lines.invalid(`Refused before sending: ${problems.join(" ")}`))}\n`)
  else err(`${problems.join("\n")}\nSee reelay --help.\n`)
  return 2
}

/** Prints the whole help only on request. */
const presenter: CliOutput.Presenter = {
  present: (event) => (event._tag === "Help" && event.reason === "Implicit" ? Effect.void : CliOutput.defaultPresenter.present(event))
}
