/** The outlook of a job between two states: the relay says how far it is and how fast it goes, and the page's clock goes on. Pure. */
import type { Outlook } from "@reelay/core/promise"
import type { WireOutlook } from "../wire/WireState.ts"

/** `before`: what was shown of the same job, since the progress never goes back. Nothing is known of a job that has ended. */
export const goingOn = (told: WireOutlook | undefined, before = 0, now = Date.now()): Outlook | undefined =>
  told && {
    ...told,
    progress: Math.max(before, Math.min(0.999, told.progress + told.rate * (now - told.at)))
  }
