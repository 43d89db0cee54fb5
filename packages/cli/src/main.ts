/** The process around the program: signals, streams, the exit code. */
import { JobError } from "@reelay/core"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type ExitCode } from "./ExitCode.ts"
import { make } from "./program.ts"
import { stoppedOf } from "./Session.ts"

const { stderr, stdout } = process

const run = make({
  args: process.argv.slice(2),
  streams: {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    columns: () => (stderr.isTTY ? stderr.columns : undefined)
  }
})

let stopped: ExitCode | undefined
let stoppedAt = 0
const fiber = Effect.runFork(run.effect)

/** The first time: stop polling, but wait for the id of a job that may be billed. The second time: exit at once. */
const stop = (code: ExitCode): void => {
  // A terminal's Ctrl-C reaches this process and the npm script around it, which passes it on: two within 300 ms are one.
  if (stopped !== undefined && performance.now() - stoppedAt < 300) return
  if (stopped === undefined) {
    stopped = code
    stoppedAt = performance.now()
    fiber.interruptUnsafe()
    return
  }
  const { provider, ref, submitting } = run.session
  const reported =
    submitting && ref === undefined
      ? run.report().error(
          new JobError.JobError({
            reason: new JobError.SubmitUnknown({ detail: "it was interrupted twice" }),
            provider,
            operation: "submit",
            attempt: 1
          })
        )
      : run.report().interrupted(stoppedOf(run.session))
  Effect.runSync(reported)
  process.exit(submitting && ref === undefined ? 3 : code)
}

process.on("SIGINT", () => stop(130))
process.on("SIGTERM", () => stop(143))
// The terminal was closed.
process.on("SIGHUP", () => stop(129))
// The output was closed: the rest is reported on the other stream, and the job is left alone.
stdout.on("error", () => stop(143))
stderr.on("error", () => undefined)

const codeOf = (exit: Exit.Exit<ExitCode>): ExitCode => {
  if (Exit.isSuccess(exit)) return exit.value
  const { unknown } = run.session
  if (!Cause.hasInterruptsOnly(exit.cause)) {
    stderr.write(`This is a defect in reelay; please report it.\n${Cause.pretty(exit.cause)}\n`)
    return 3
  }
  if (unknown !== undefined) {
    Effect.runSync(run.report().error(unknown))
    return 3
  }
  Effect.runSync(run.report().interrupted(stoppedOf(run.session)))
  return stopped ?? 130
}

fiber.addObserver((exit) => {
  process.exitCode = codeOf(exit)
})
