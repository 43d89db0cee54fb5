// A page that makes videos through server.ts: a prompt, what becomes of it, and all the videos before, also after a reload.
import type { ListedJob } from "@reelay/core/promise"
import { useJobs, useVideo, useVideoUrl } from "@reelay/react"
import { relay } from "@reelay/relay/client"
import { StrictMode, useState } from "react"
import { createRoot } from "react-dom/client"

const client = relay({ url: "/api/video" })

const Form = () => {
  const [prompt, setPrompt] = useState("")
  // What becomes of it is shown in the list below.
  const { error, isPending, submit } = useVideo(client)
  return (
    <form action={() => void submit({ prompt })}>
      <label>
        What shall it show? <input required value={prompt} onChange={({ target }) => setPrompt(target.value)} />
      </label>{" "}
      <button disabled={isPending}>Make it</button>
      {error instanceof Error && <p role="alert">{error.message}</p>}
    </form>
  )
}

const Video = ({ error, id, job, state, status }: ListedJob) => {
  const { url } = useVideoUrl(status === "Succeeded" ? job : undefined)
  const progress = state?._tag === "Running" ? state.progress : undefined
  const isGoingOn = status === "Submitted" || status === "Queued" || status === "Running"
  return (
    <li>
      <p role="status">{status}</p>
      {isGoingOn && <progress aria-label="How far it is" value={progress} />}
      {isGoingOn && <button onClick={() => void job?.cancel()}>Cancel</button>}
      {error instanceof Error && <p role="alert">{error.message}</p>}
      {url !== undefined && <video controls src={url} />}
      {!isGoingOn && <button onClick={() => void client.forget(id)}>Forget</button>}
    </li>
  )
}

const Videos = () => (
  <ul>
    {useJobs(client).map((each) => (
      <Video key={each.id} {...each} />
    ))}
  </ul>
)

const page = document.querySelector("#page")
if (page !== null)
  createRoot(page).render(
    <StrictMode>
      <h1>Videos</h1>
      <Form />
      <Videos />
    </StrictMode>
  )
