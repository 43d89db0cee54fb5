/**
 * What an answer means for the account that asked and for the address that answered. What was read of it decides, and the status only where nothing
 * was: a 429 about money is no request to slow down, and a gateway that refuses a model with 503 is not down. Pure.
 */
import type { Answer, Reading, Receipt } from "../job/Reading.ts"

/**
 * - `fine`: neither of the others.
 * - `pace`: the account is to wait.
 * - `broken`: the server behind the address did not answer.
 */
export type Meaning = "fine" | "pace" | "broken"

/** By status and form alone. */
export const meaningOf = (answer: Answer): Meaning =>
  answer.status === 429 ? "pace" : answer.status >= 500 || isPage(answer) ? "broken" : "fine"

/** A proxy's page instead of JSON: the server behind it did not answer. */
const isPage = ({ body, headers }: Answer): boolean => /\bhtml\b/iu.test(headers["content-type"] ?? "") || body.trimStart().startsWith("<")

/** Of a submission. A refusal that says why was written by a server that works. */
export const ofReceipt = (receipt: Receipt, answer: Answer): Meaning => {
  switch (receipt._tag) {
    case "Busy":
      return "pace"
    case "Accepted":
    case "Declined":
      return "fine"
    case "Unclear":
      return meaningOf(answer)
  }
}

/** Of a poll or a cancellation. */
export const ofReading = (reading: Reading, answer: Answer): Meaning => {
  if (reading._tag !== "Missed") return "fine"
  switch (reading.because) {
    case "rate-limited":
      return "pace"
    case "payment-required":
    case "unauthorized":
      return "fine"
    case "network":
    case "timeout":
    case "server":
    case "unreadable":
    case "query-failed":
      return meaningOf(answer)
  }
}
