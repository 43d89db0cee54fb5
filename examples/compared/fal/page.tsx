import { fal, type QueueStatus } from "@fal-ai/client"
import { useEffect, useState } from "react"
import { createRoot } from "react-dom/client"

fal.config({ proxyUrl: "/api/fal/proxy" })

const model = "xai/grok-imagine-video/text-to-video"

interface Film {
  readonly status?: QueueStatus["status"]
  readonly url?: string
  readonly error?: unknown
}

const useFilm = () => {
  // Kept in the page, so that a reload goes on with it.
  const [requestId, setRequestId] = useState(() => localStorage.getItem("request"))
  const [film, setFilm] = useState<Film>(requestId === null ? {} : { status: "IN_QUEUE" })

  useEffect(() => {
    if (requestId === null) return undefined
    const controller = new AbortController()
    const request = { requestId, abortSignal: controller.signal }
    fal.queue
      .subscribeToStatus(model, { ...request, onQueueUpdate: ({ status }) => setFilm({ status }) })
      .then(() => fal.queue.result(model, request))
      .then(({ data }) => setFilm({ status: "COMPLETED", url: data.video.url }))
      .catch((error: unknown) => controller.signal.aborted || setFilm({ error }))
    return () => controller.abort()
  }, [requestId])

  const make = async (prompt: string) => {
    setRequestId(null)
    setFilm({ status: "IN_QUEUE" })
    try {
      const submitted = await fal.queue.submit(model, { input: { prompt } })
      localStorage.setItem("request", submitted.request_id)
      setRequestId(submitted.request_id)
    } catch (error) {
      setFilm({ error })
    }
  }

  const cancel = async () => {
    if (requestId === null) return
    localStorage.removeItem("request")
    setRequestId(null)
    setFilm({})
    await fal.queue.cancel(model, { requestId }).catch((error: unknown) => setFilm({ error }))
  }

  return { ...film, cancel, isPending: film.status !== undefined && film.url === undefined, make }
}

const Page = () => {
  const [prompt, setPrompt] = useState("")
  const { cancel, error, isPending, make, status, url } = useFilm()
  return (
    <form action={() => void make(prompt)}>
      <input aria-label="Prompt" required value={prompt} onChange={({ target }) => setPrompt(target.value)} />
      <button disabled={isPending}>Make it</button>
      <p role="status">{status}</p>
      {isPending && <progress />}
      {isPending && (
        <button type="button" onClick={() => void cancel()}>
          Cancel
        </button>
      )}
      {error instanceof Error && <p role="alert">{error.message}</p>}
      {url !== undefined && <video controls src={url} />}
    </form>
  )
}

const root = document.querySelector("#page")
if (root !== null) createRoot(root).render(<Page />)
