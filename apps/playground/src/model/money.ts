/** What is true of the money, in a sentence. */
import type { JobState } from "@reelay/core/JobState"

export interface Money {
  /** `unknown` needs a person. */
  readonly tone: "calm" | "unknown"
  readonly text: string
}

/** Of a job, as far as its state says. */
export const moneyOf = (state: JobState): Money => {
  switch (state._tag) {
    case "Submitted":
    case "Queued":
    case "Running":
      return { tone: "calm", text: "Paid for once it is made" }
    case "Succeeded":
    case "Failed":
    case "Expired":
    case "Cancelled":
      return billed(state.billed, state.costUsd)
  }
}

const billed = (is: "yes" | "no" | "unknown", cost: number | undefined): Money => {
  const price = cost === undefined ? "" : `, $${cost.toFixed(2)}`
  switch (is) {
    case "yes":
      return { tone: "calm", text: `Billed${price}` }
    case "no":
      return { tone: "calm", text: "Not billed" }
    case "unknown":
      return { tone: "unknown", text: `The provider does not say whether it is billed${price}` }
  }
}

/** Of a submission that gave no job, by what the view says of it. */
export const moneyOfSubmission = (status: "refused" | "unknown"): Money => {
  switch (status) {
    case "refused":
      return { tone: "calm", text: "There is no job, and nothing is billed." }
    case "unknown":
      return { tone: "unknown", text: "Nobody knows whether there is a job. It may be billed: look for it before you submit again." }
  }
}
