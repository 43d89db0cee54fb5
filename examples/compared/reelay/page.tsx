import { useJob, useJobs, useVideo, useVideoUrl } from "@reelay/react"
import { relay } from "@reelay/relay/client"
import { useState } from "react"
import { createRoot } from "react-dom/client"

const client = relay({ url: "/api/video" })

const Page = () => {
  const [prompt, setPrompt] = useState("")
  const { error, isPending, submit } = useVideo(client)
  const made = useJob(useJobs(client, { select: (jobs) => jobs.at(-1)?.job }))
  const { url } = useVideoUrl(made.video && made.job)
  const problem = error ?? made.error
  return (
    <form action={() => void submit({ prompt })}>
      <input aria-label="Prompt" required value={prompt} onChange={({ target }) => setPrompt(target.value)} />
      <button disabled={isPending || made.isPending}>Make it</button>
      <p role="status">{made.state?._tag}</p>
      {made.isPending && <progress value={made.progress} />}
      {made.isPending && (
        <button type="button" onClick={() => void made.job?.cancel()}>
          Cancel
        </button>
      )}
      {problem instanceof Error && <p role="alert">{problem.message}</p>}
      {url !== undefined && <video controls src={url} />}
    </form>
  )
}

const root = document.querySelector("#page")
if (root !== null) createRoot(root).render(<Page />)
