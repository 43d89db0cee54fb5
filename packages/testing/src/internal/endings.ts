/** How a job may end for a client, by how it ends at the provider. */
import type { JobState } from "@reelay/core"
import type { Script } from "@reelay/mock-server"

/** By the ending of the mock's script, what a watcher may see. */
export const tagsOf = {
  succeeded: ["Succeeded"],
  failed: ["Failed"],
  "gateway-failed": ["Failed"],
  moderated: ["Failed"],
  // Two of the four have no status for it, and return an expired link.
  expired: ["Expired", "Succeeded"],
  // One of the four has a status for it.
  cancelled: ["Cancelled", "Failed"],
  // A documented content endpoint is a candidate.
  "no-url": ["Failed", "Succeeded"],
  // Who did not ask for it takes it for a success without a video.
  delivered: ["Failed", "Succeeded"],
  never: []
} as const satisfies Record<Script.Ending, ReadonlyArray<JobState.JobState["_tag"]>>
