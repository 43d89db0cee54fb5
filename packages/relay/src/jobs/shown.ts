/** A state as it leaves the server. */
import type { JobRef } from "@reelay/core/JobRef"
import type { JobState } from "@reelay/core/JobState"
import type { WireState } from "../wire/WireState.ts"
import { cleaned } from "./problemOf.ts"

/** Named field by field, so that what a later version adds does not leave by itself. */
export const shown = (state: JobState, links: boolean): WireState => {
  const { at, polls } = state
  switch (state._tag) {
    case "Submitted":
      return { _tag: state._tag, at, polls }
    case "Queued":
      return { _tag: state._tag, at, polls, position: state.position }
    case "Running":
      return { _tag: state._tag, at, polls, progress: state.progress, progressSource: state.progressSource }
    case "Succeeded": {
      const { artifacts, billed, costSource, costUsd, durationSeconds, expiresAt, model } = state
      const told = { _tag: state._tag, at, polls, billed, costSource, costUsd, durationSeconds, model } as const
      return links ? { ...told, expiresAt, links: artifacts } : told
    }
    case "Failed": {
      const { billed, costSource, costUsd, failure } = state
      const message = cleaned(failure.message, secretsOf(state.ref))
      return { _tag: state._tag, at, polls, billed, costSource, costUsd, failure: { ...failure, message } }
    }
    case "Expired":
      return { _tag: state._tag, at, polls, billed: state.billed, costSource: state.costSource, costUsd: state.costUsd }
    case "Cancelled":
      return { _tag: state._tag, at, polls, billed: state.billed, costSource: state.costSource, costUsd: state.costUsd, by: state.by }
  }
}

const secretsOf = ({ account, baseUrl, id }: JobRef): ReadonlyArray<string | undefined> => [id, account, new URL(baseUrl).host]
