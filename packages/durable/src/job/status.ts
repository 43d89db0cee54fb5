/** A row as its callers see it. */
import { JobError } from "@reelay/core"
import type { DurableState, Status } from "./DurableState.ts"
import { isReadable, type Row, type Unreadable } from "./Row.ts"

/** The error of a row that lost its own, as after `prune`. */
const pruned = (row: Row): JobError.JobError =>
  new JobError.JobError({
    reason:
      row.state === "SubmitUnknown"
        ? new JobError.SubmitUnknown({ detail: "no answer said whether it was accepted" })
        : new JobError.Unreachable({ detail: "the details were pruned" }),
    provider: row.provider,
    operation: "submit",
    attempt: 0,
    ...(row.ref === null ? {} : { ref: row.ref })
  })

const stateOf = (row: Row): DurableState => {
  const error = row.error ?? undefined
  const job = row.poller?.state
  switch (row.state) {
    case "Waiting":
      return { _tag: "Waiting", error }
    case "Sending":
    case "Withdrawn":
      return { _tag: row.state }
    case "SubmitUnknown":
    case "Refused":
    case "Lost":
      return { _tag: row.state, error: error ?? pruned(row) }
    case "DownloadFailed":
      return job?._tag === "Succeeded" ? { _tag: "DownloadFailed", error: error ?? pruned(row), job } : withoutDetails(row)
    case "Saved":
      return job?._tag === "Succeeded" && row.saved !== null ? { _tag: "Saved", saved: row.saved, job } : withoutDetails(row)
    case "Submitted":
      // A reference that was given by a person has no record until its first poll.
      if (job === undefined && row.ref !== null) return { _tag: "Submitted", ref: row.ref, at: row.ref.submittedAt, polls: 0 }
      return job ?? withoutDetails(row)
    default:
      return job ?? withoutDetails(row)
  }
}

const withoutDetails = ({ state }: Row): DurableState => ({
  _tag: "Unreadable",
  detail: `was ${state}; its details were pruned`
})

export const statusOf = (row: Row | Unreadable): Status =>
  isReadable(row)
    ? {
        key: row.key,
        batch: row.batch ?? undefined,
        provider: row.provider,
        state: stateOf(row),
        ended: row.ended !== undefined,
        createdAt: row.created,
        updatedAt: row.updated,
        history: row.history,
        revision: row.revision
      }
    : {
        key: row.key,
        batch: row.batch ?? undefined,
        provider: row.provider,
        state: { _tag: "Unreadable", detail: `the row ${row.detail}` },
        ended: false,
        createdAt: 0,
        updatedAt: 0,
        history: [],
        revision: row.revision
      }
