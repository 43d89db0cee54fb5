/** Why sight of a job was lost, as the reason of a JobError. */
import {
  BadPayload,
  DeadlineExceeded,
  NotFound,
  PaymentRequired,
  PollRejected,
  RateLimited,
  type Reason,
  Unauthorized,
  Unreachable
} from "../job/JobError.ts"
import type { Missed } from "../job/Reading.ts"
import type { Lost, Poller } from "./Poller.ts"

export const reasonOf = (because: Lost, { deadlineMs, state }: Poller): Reason => {
  switch (because._tag) {
    case "Deadline":
      return new DeadlineExceeded({
        deadline: deadlineMs,
        lastState: state._tag,
        detail: because.detail === "" ? undefined : because.detail
      })
    case "NotFound":
      return new NotFound({ detail: because.detail })
    case "Refused":
      switch (because.reason) {
        case "Unauthorized":
          return new Unauthorized({ detail: `HTTP ${because.status}, ${because.message}` })
        case "PaymentRequired":
          return new PaymentRequired({ detail: `HTTP ${because.status}, ${because.message}` })
        case "PollRejected":
          return new PollRejected({ status: because.status, code: because.code, detail: because.message })
      }
    case "Missed":
      return reasonOfFailure(because)
  }
}

/** The reason that a failed poll would be, if it were the last. */
export const reasonOfFailure = ({ because, detail }: Missed): Reason => {
  switch (because) {
    case "unreadable":
      return new BadPayload({ expected: "the documented JSON", excerpt: detail })
    case "rate-limited":
      return new RateLimited({ detail })
    case "payment-required":
      return new PaymentRequired({ detail })
    case "unauthorized":
      return new Unauthorized({ detail })
    case "network":
    case "timeout":
    case "server":
    case "query-failed":
      return new Unreachable({ detail })
  }
}
