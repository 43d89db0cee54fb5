/** What the command's exit codes mean. `--help` prints this table. */
import type { JobError } from "@reelay/core"

const exitCodes = [
  [0, "the video was saved; resume: all of them"],
  [1, "the job ended Failed, Expired or Cancelled; resume: at least one"],
  [2, "no job was made: bad input, bad key, refused, or unreachable at submission"],
  [3, "SubmitUnknown (the job may exist), or any error after a reference: it is in the output"],
  [129, "ended with its terminal; the reference is in the output where there is one"],
  [130, "interrupted by Ctrl-C; likewise"],
  [143, "ended by SIGTERM, or nobody reads its output; likewise"]
] as const

export type ExitCode = (typeof exitCodes)[number][0]

export const ofError = ({ operation, reason, ref }: JobError.JobError): ExitCode =>
  ref === undefined && reason._tag !== "SubmitUnknown" && operation !== "download" ? 2 : 3

/** The table as text. */
export const exitCodeTable = (): string => exitCodes.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`).join("\n")

/** Of two codes the one that asks for more care: something is unknown, something was refused, something has failed. */
export const worse = (one: ExitCode, other: ExitCode): ExitCode => {
  const order: ReadonlyArray<ExitCode> = [0, 1, 2, 3]
  return order.indexOf(other) > order.indexOf(one) ? other : one
}
