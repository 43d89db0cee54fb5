import { fetchServerSentEvents, useGenerateVideo } from "@tanstack/ai-react"
import { useState } from "react"
import { createRoot } from "react-dom/client"

const connection = fetchServerSentEvents("/api/video")

const Page = () => {
  const [prompt, setPrompt] = useState("")
  const { error, generate, isLoading, result, stop, videoStatus } = useGenerateVideo({ connection, threadId: "video", persistence: true })
  const { progress } = videoStatus ?? {}
  return (
    <form action={() => void generate({ prompt })}>
      <input aria-label="Prompt" required value={prompt} onChange={({ target }) => setPrompt(target.value)} />
      <button disabled={isLoading}>Make it</button>
      <p role="status">{videoStatus?.status}</p>
      {isLoading && <progress value={progress} max={100} />}
      {isLoading && (
        <button type="button" onClick={stop}>
          Cancel
        </button>
      )}
      {error !== undefined && <p role="alert">{error.message}</p>}
      {result !== null && <video controls src={result.url} />}
    </form>
  )
}

const root = document.querySelector("#page")
if (root !== null) createRoot(root).render(<Page />)
