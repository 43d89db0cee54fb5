/** What rows that are written by hand send to xAI's endpoints, and read of the answers. */
export const submitPath = "/v1/videos/generations"
export const pollPath = (id: string): string => `/v1/videos/${id}`
export const headers = { authorization: "Bearer key", accept: "application/json" }
export const headersOfBody = { ...headers, "content-type": "application/json" }
export const body = '{"model":"grok-imagine-video","prompt":"A red fox."}'

export interface Submitted {
  readonly request_id: string
}

export interface Polled {
  readonly status: string
  readonly video?: { readonly url: string }
}

/** The link of a finished job, `undefined` while it runs. */
export const videoOf = ({ status, video }: Polled): string | undefined => {
  if (status === "done" && video !== undefined) return video.url
  if (status === "pending") return undefined
  throw new Error(`The job is ${status}`)
}
