/** What the command's exit codes mean. `--help` prints this table. */
import type { JobError } from "@reelay/core"

const exitCodes = [
  [0, "the video was saved, or delivered elsewhere as asked; resume: all of them"],
  [1, "the job ended Failed, Expired or Cancelled; resume: at least one"],
  [2, "no job was made: bad input, bad key, refused, or unreachable at submission"],
  [3, "SubmitUnknown (the job may exist), or any error once there is a reference: it is in the output"],
  [129, "the terminal was closed; the reference is in the output if there is one"],
  [130, "interrupted by Ctrl-C; likewise"],
  [143, "ended by SIGTERM, or its output was closed; likewise"]
] as const

export type ExitCode = (typeof exitCodes)[number][0]

export const ofError = ({ operation, reason, ref }: JobError.JobError): ExitCode =>
  ref === undefined && reason._tag !== "SubmitUnknown" && operation !== "download" ? 2 : 3

/** The table as text. */
export const exitCodeTable = (): string => exitCodes.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`).join("\n")

/** The more serious of two codes: 3 (unknown) before 2 (refused) before 1 (failed). */
export const worse = (one: ExitCode, other: ExitCode): ExitCode => {
  const order: ReadonlyArray<ExitCode> = [0, 1, 2, 3]
  return order.indexOf(other) > order.indexOf(one) ? other : one
}
