import type { PromiseJob } from "@reelay/core/promise"
import { useVideoUrl } from "@reelay/react"
import { useState } from "react"
import { messageOf } from "../model/message.ts"

/** The video, and its bytes as a file. */
export const Player = ({ job, prompt }: { readonly job: PromiseJob; readonly prompt: string }) => {
  const { error, url } = useVideoUrl(job)
  const [problem, setProblem] = useState<unknown>(undefined)
  const download = async (): Promise<void> => {
    setProblem(undefined)
    try {
      const address = URL.createObjectURL(await job.blob())
      Object.assign(document.createElement("a"), { href: address, download: "reelay.mp4" }).click()
      setTimeout(() => URL.revokeObjectURL(address), 60_000)
    } catch (failed) {
      setProblem(failed)
    }
  }
  const wrong = problem ?? error
  return (
    <div className="player">
      {url !== undefined && (
        // oxlint-disable-next-line jsx-a11y/media-has-caption -- the mock's videos have no sound
        <video aria-label={`Video: ${prompt}`} controls loop muted playsInline src={url} />
      )}
      <button type="button" onClick={() => void download()}>
        Download<span className="unseen"> the video: {prompt}</span>
      </button>
      {wrong !== undefined && (
        <p className="why" role="alert">
          {messageOf(wrong)}
        </p>
      )}
    </div>
  )
}
