import { useJobs } from "@reelay/react"
import type { Studio } from "../clients.ts"
import type { Mode } from "../model/snippets.ts"
import { JobCard } from "./JobCard.tsx"
import { Lost } from "./Lost.tsx"

export const Reel = ({ client, mode }: { readonly client: Studio; readonly mode: Mode }) => {
  const jobs = useJobs(client)
  const forget = (id: string): void => void client.forget(id).catch(() => undefined)
  return (
    <section className="reel" id="jobs" aria-labelledby="reel" tabIndex={-1}>
      <h2 id="reel">
        Jobs <span>{jobs.length === 0 ? "" : jobs.length}</span>
      </h2>
      {jobs.length > 0 && <Legend />}
      {jobs.length === 0 && <Empty mode={mode} />}
      <ul>
        {jobs.toReversed().map(({ error, job, ...line }) => (
          <li key={line.id}>
            {job === undefined ? (
              <Lost error={error} line={line} onForget={forget} />
            ) : (
              <JobCard at={line.at} id={line.id} job={job} label={line.label} onForget={forget} />
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

const Legend = () => (
  <p className="legend" aria-hidden="true">
    <span>
      <i className="tick" /> poll
    </span>
    <span>
      <i className="tick failed" /> failed poll
    </span>
    <span>
      <i className="wait" /> Retry-After
    </span>
  </p>
)

const Empty = ({ mode }: { readonly mode: Mode }) => (
  <div className="empty">
    <div className="track" aria-hidden="true" />
    <p>
      No jobs yet. Submit a take, and its states and polls are drawn here as they happen.
      {mode === "relay" ? " Close the page meanwhile if you like: the server goes on." : " Reload the page meanwhile if you like."}
    </p>
  </div>
)
