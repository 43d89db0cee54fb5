/** The options of a download. */
import type * as Schedule from "effect/Schedule"
import type { JobError } from "../job/JobError.ts"

/** @category models */
export interface Options {
  /** The largest video to accept, in bytes. `Infinity`: any size. Default: 2 GiB. */
  readonly maxBytes?: number | undefined
  /**
   * When to retry after a temporary failure. Default: three more times, after about 1, 2 and 4 seconds (each between 0.8 and 1.2 of that). It
   * starts over whenever another 256 KiB have arrived, so that a large video finishes over an unreliable connection. `Retry-After` makes a
   * wait longer; one of more than ten minutes ends the download. While the server says that the video is not ready yet: five more times, in half
   * a minute. A schedule of yours is for both.
   */
  readonly retry?: Schedule.Schedule<unknown, JobError> | undefined
  /** Allows a link of a public API to lead into a private network. Default: false. */
  readonly allowPrivateAddresses?: boolean | undefined
  /** Called with the bytes written so far, and the total if the answer has it. The count falls if a download has to start over. */
  readonly onProgress?: ((bytes: number, total: number | undefined) => void) | undefined
}

/** @category models */
export interface SaveOptions extends Options {
  /**
   * Whether the video replaces a file that has its name. `false`: it gets the next free name, such as `fox-2.mp4`, with a warning, unless that file
   * is the same video. Default: true with a path of yours, false with `saveIn`.
   */
  readonly overwrite?: boolean | undefined
}
