import type { ListedJob } from "@reelay/core/promise"
import { takeOf } from "../model/take.ts"
import { moneyOfSubmission } from "../model/money.ts"

interface Props {
  readonly line: Pick<ListedJob, "id" | "label">
  readonly error: unknown
  readonly onForget: (id: string) => void
}

/** A submission that nobody knows a job of. */
export const Lost = ({ error, line, onForget }: Props) => {
  const { name, prompt } = takeOf(line.label)
  return (
    <article className="job" aria-label={`Take ${name}: ${prompt}`} data-status="Unknown">
      <div className="top">
        <h3>{prompt}</h3>
        <span className="state">Unknown</span>
      </div>
      {error instanceof Error && <p className="why">{error.message}</p>}
      <div className="bottom">
        <span className="money unknown">{moneyOfSubmission("unknown").text}</span>
        <span className="actions">
          <button type="button" onClick={() => onForget(line.id)}>
            Forget
          </button>
        </span>
      </div>
    </article>
  )
}
