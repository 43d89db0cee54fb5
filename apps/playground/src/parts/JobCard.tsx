import type { PromiseJob } from "@reelay/core/promise"
import { useJob } from "@reelay/react"
import { useEffect, useState } from "react"
import { record } from "../history.ts"
import { messageOf } from "../model/message.ts"
import { moneyOf } from "../model/money.ts"
import { isOver } from "../model/timeline.ts"
import { takeOf } from "../model/take.ts"
import { useTimeline } from "../useTimeline.ts"
import { Actions } from "./Actions.tsx"
import { useAnnounce } from "./Announcer.tsx"
import { Player } from "./Player.tsx"
import { Track } from "./Track.tsx"

interface Props {
  readonly at: number
  readonly id: string
  readonly job: PromiseJob
  readonly label: string | undefined
  readonly onForget: (id: string) => void
}

export const JobCard = ({ at, id, job, label, onForget }: Props) => {
  const [left, setLeft] = useState<"no" | "leaving" | "left">("no")
  const isLeft = left !== "no"
  const view = useJob(isLeft ? undefined : job)
  const state = view.state ?? job.current()
  const { name, prompt } = takeOf(label)
  const announce = useAnnounce()
  useEffect(() => {
    record(id, { tag: state._tag, at: state.at })
    announce(`${prompt} ${state._tag}.`)
  }, [id, state._tag]) // eslint-disable-line react-hooks/exhaustive-deps -- a later answer in the same state is no news
  const timeline = useTimeline({ id, from: at, ref: job.ref.id, name, state })
  const money = moneyOf(state)
  const leave = (): void => {
    setLeft("leaving")
    job.leave()
    // The hooks keep what was left for 50 ms, in case that it comes back: who came back sooner would see it as left.
    setTimeout(() => setLeft("left"), 100)
  }
  return (
    <article className="job" aria-label={`Take ${name}: ${prompt}`} data-status={isLeft ? "left" : view.status} data-state={state._tag}>
      <div className="top">
        <h3>{prompt}</h3>
        <span className="state">{isLeft ? `Left, ${state._tag}` : state._tag}</span>
      </div>
      <Track isLive={!isLeft && view.status === "watching"} eta={view.eta} progress={view.progress} timeline={timeline} />
      {state._tag === "Failed" && <p className="why">{failureText(state.failure)}</p>}
      {view.status === "lost" && (
        <p className="why" role="alert">
          Lost sight of it: {messageOf(view.error)} It may still run, and be billed.
        </p>
      )}
      {state._tag === "Succeeded" && <Player job={job} prompt={prompt} />}
      <div className="bottom">
        <span className="provider">
          {job.ref.provider} <code>{name}</code>
        </span>
        <span className={`money ${money.tone}`}>{money.text}</span>
        <Actions
          isLeaving={left === "leaving"}
          isLeft={isLeft || view.status === "lost"}
          isOver={isOver(state)}
          job={job}
          prompt={prompt}
          onForget={() => onForget(id)}
          onLeave={leave}
          onWatch={() => setLeft("no")}
        />
      </div>
    </article>
  )
}

const failureText = ({
  code,
  message,
  moderated
}: {
  readonly code?: string | undefined
  readonly message: string
  readonly moderated?: boolean | undefined
}) => `${moderated === true ? "Rejected by moderation. " : ""}${message}${code === undefined ? "" : ` (${code})`}`
