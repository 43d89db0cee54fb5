/**
 * What each API answers, shortened to what its clients read, with the size that real answers have. The link of a finished video tells since
 * when it was finished.
 */

export interface Answer {
  readonly status: 200 | 201 | 202 | 404
  readonly body: string
}

export interface Surface {
  readonly submitted: (id: string, base: string) => Answer
  readonly running: (id: string, progress: number, base: string) => Answer
  readonly finished: (id: string, link: string) => Answer
  readonly cancelled: (id: string) => Answer
}

const answer = (status: Answer["status"], body: object): Answer => ({ status, body: JSON.stringify(body) })

/** The answer to a job that runs is nearly always the same: written once for each progress. */
const perProgress = (write: (progress: number) => Answer): ((id: string, progress: number) => Answer) => {
  const written: Array<Answer> = []
  return (_, progress) => (written[progress] ??= write(progress))
}

const notHere = (): Answer => answer(404, { error: "There is no such endpoint" })

export const surfaces: Readonly<Record<string, Surface>> = {
  // docs.x.ai: 202 while a video is pending.
  v1: {
    submitted: (id) => answer(200, { request_id: id }),
    running: perProgress((progress) => answer(202, { status: "pending", progress, model: "grok-imagine-video" })),
    finished: (_, url) =>
      answer(200, {
        status: "done",
        progress: 100,
        model: "grok-imagine-video",
        video: { url, duration: 6, respect_moderation: true },
        usage: { cost_in_usd_ticks: 500_000_000 }
      }),
    cancelled: notHere
  },
  replicate: {
    submitted: (id, base) => answer(201, { id, status: "starting", output: null, urls: { get: `${base}/replicate/predictions/${id}` } }),
    running: (id, progress, base) =>
      answer(200, {
        id,
        model: "acme/video",
        status: "processing",
        logs: `${progress}%|`,
        output: null,
        error: null,
        urls: { get: `${base}/replicate/predictions/${id}` }
      }),
    finished: (id, output) => answer(200, { id, model: "acme/video", status: "succeeded", logs: "", output, error: null, urls: {} }),
    cancelled: (id) => answer(200, { id, status: "canceled", output: null, urls: {} })
  },
  fal: {
    submitted: (id) => answer(200, { request_id: id, status: "IN_QUEUE", queue_position: 0, response_url: falUrl(id) }),
    running: (id) => answer(202, { request_id: id, status: "IN_PROGRESS", logs: [], response_url: falUrl(id) }),
    finished: (id) => answer(200, { request_id: id, status: "COMPLETED", logs: [], response_url: falUrl(id) }),
    cancelled: () => answer(202, { status: "CANCELLATION_REQUESTED" })
  },
  // Files of vector stores: the only thing that the package waits for by itself.
  openai: {
    submitted: (id) => file(id, "in_progress"),
    running: (id) => file(id, "in_progress"),
    finished: (id, url) => file(id, "completed", { url }),
    cancelled: notHere
  }
}

const falUrl = (id: string): string => `https://queue.fal.run/acme/video/requests/${id}`

/** fal tells of the end at one address, and of the video at another. */
export const falResult = (link: string): Answer => answer(200, { video: { url: link } })

const file = (id: string, status: string, attributes: object = {}): Answer =>
  answer(200, {
    id,
    object: "vector_store.file",
    status,
    usage_bytes: 0,
    created_at: 1_774_836_724,
    vector_store_id: "vs",
    last_error: null,
    attributes
  })
