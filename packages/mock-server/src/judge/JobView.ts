import type { Job } from "../provider/Provider.ts"
import type * as Script from "../script/Script.ts"

/**
 * A job as tests see it, at the time of asking.
 *
 * @category models
 * @since 0.1.0
 */
export interface JobView extends Job {
  readonly state: "submitted" | "queued" | "running" | Exclude<Script.Ending, "never">
  /** Polls so far, spoilt ones included. */
  readonly polls: number
  /** What was meant by its submission: equal ones mean the same video. See `Ledger`. */
  readonly intent: string
  /** When its end was told in an answer that came whole, in milliseconds since the epoch. */
  readonly endToldAt?: number
  /** Until when the best link that was told is good. */
  readonly linkGoodUntil?: number
  /** How often its file was fetched whole. */
  readonly fetched: number
  /** Of a gateway's: the id of the job that it stands for. */
  readonly upstream?: string
  /** Of a gateway's: the gateway's name. */
  readonly gateway?: string
}
