/** What can be chosen of a download. */
import type * as Schedule from "effect/Schedule"
import type { JobError } from "../job/JobError.ts"

/** @category models */
export interface Options {
  /** The largest video to take, in bytes. Default: 2 GiB. `Infinity`: whatever comes. */
  readonly maxBytes?: number | undefined
  /**
   * When to go on after a passing failure. Default: three more times, after about 1, 2 and 4 seconds (each between 0.8 and 1.2 of that). It
   * begins anew whenever another 256 KiB have come, so that a large video ends over a line that breaks often. `Retry-After` makes a wait
   * longer; what asks for more than ten minutes ends the download.
   */
  readonly retry?: Schedule.Schedule<unknown, JobError> | undefined
  /** Lets a link of a public API lead into a private network. Default: false. */
  readonly allowPrivateAddresses?: boolean | undefined
  /** Told of bytes written so far, and of all where the answer names them. It falls back where a download has to begin anew. */
  readonly onProgress?: ((bytes: number, total: number | undefined) => void) | undefined
}
