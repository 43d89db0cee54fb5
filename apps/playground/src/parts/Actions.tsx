import type { CancelOutcome, PromiseJob } from "@reelay/core/promise"
import { useState } from "react"
import { messageOf } from "../model/message.ts"

interface Props {
  readonly job: PromiseJob
  readonly prompt: string
  readonly isLeaving: boolean
  readonly isLeft: boolean
  readonly isOver: boolean
  readonly onForget: () => void
  readonly onLeave: () => void
  readonly onWatch: () => void
}

const outcomes: Readonly<Record<CancelOutcome, string>> = {
  Cancelled: "Cancelled.",
  CompletedAnyway: "It was complete before it could be cancelled.",
  Unsupported: "This provider documents no way to cancel. It goes on, and is billed.",
  Unknown: "The call failed: nobody knows whether it was cancelled."
}

export const Actions = ({ isLeaving, isLeft, isOver, job, onForget, onLeave, onWatch, prompt }: Props) => {
  const [said, say] = useState("")
  const cancel = (): void =>
    void job.cancel().then(
      (outcome) => say(outcomes[outcome]),
      (error: unknown) => say(messageOf(error))
    )
  const about = <span className="unseen">: {prompt}</span>
  return (
    <>
      <span className="actions">
        {!isOver && (
          <button type="button" onClick={cancel}>
            Cancel{about}
          </button>
        )}
        {!isOver && (
          <button type="button" aria-disabled={isLeaving} onClick={isLeaving ? undefined : isLeft ? onWatch : onLeave}>
            {isLeft ? "Watch again" : "Leave"}
            {about}
          </button>
        )}
        {(isOver || isLeft) && (
          <button type="button" onClick={onForget}>
            Forget{about}
          </button>
        )}
      </span>
      <span className="said" role="status">
        {said}
      </span>
    </>
  )
}
