import { messageOf } from "../model/message.ts"
import { moneyOfSubmission } from "../model/money.ts"

/** A submission that gave no job: why, and what is true of the money. */
export const Refusal = ({ error, status }: { readonly error: unknown; readonly status: "refused" | "unknown" }) => (
  <div className="refusal" role="alert">
    <p className="what">{status === "refused" ? "Not submitted" : "Unknown outcome"}</p>
    <p>{messageOf(error)}</p>
    <p className="money">{moneyOfSubmission(status).text}</p>
  </div>
)
