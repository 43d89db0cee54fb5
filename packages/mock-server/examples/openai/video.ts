/** A video of GeekNow, whose API has OpenAI's form, with OpenAI's own package. */
import { APIError, NotFoundError, OpenAI, RateLimitError } from "openai"

/** The client's time. */
export interface Clock {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Waits, in milliseconds. */
  readonly sleep: (millis: number) => Promise<void>
  /** What is told of it with each request. */
  readonly headers: () => Readonly<Record<string, string>>
}

/** `base` is the gateway's, without its `/v1`. */
export const clientOf = (base: string, apiKey: string): OpenAI =>
  // By itself the package sends a POST again after a 5xx, and pays for the second video too.
  new OpenAI({ baseURL: `${base}/v1`, apiKey, maxRetries: 0 })

const interval = 5000

/** What an API asked for, in milliseconds: it says seconds, or a date. Never less than the usual. */
const waitOf = (error: unknown, now: number): number => {
  const asked = error instanceof APIError ? error.headers?.get("retry-after") : undefined
  if (asked === undefined || asked === null) return interval
  return Math.max(interval, /^\d+$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - now)
}

/** Submits a video. Sent again only after a 429, which made nothing; any other error leaves it open whether the video is made. */
const create = async (client: OpenAI, prompt: string, { headers, now, sleep }: Clock): Promise<OpenAI.Video> => {
  for (;;) {
    try {
      const video = await client.videos.create({ model: "grok-video-3", prompt }, { headers: headers() })
      // A page with HTTP 200 is a string here.
      if (typeof video.id === "string") return video
      throw new Error("the answer to a submission was no video: it may have been made, and paid")
    } catch (error) {
      if (!(error instanceof RateLimitError)) throw error
      await sleep(waitOf(error, now()))
    }
  }
}

const isOver = (status: string): boolean => status === "completed" || status === "failed" || status === "cancelled"

/** Makes a video, and gives its bytes; nothing where it failed. Rejects if nobody can tell how it ended. */
export const makeVideo = async (client: OpenAI, prompt: string, clock: Clock): Promise<Uint8Array | undefined> => {
  let video = await create(client, prompt, clock)
  const { id } = video
  for (let polls = 0; polls < 60 && !isOver(video.status); polls++) {
    let wait = interval
    try {
      const seen = await client.videos.retrieve(id, { headers: clock.headers() })
      if (typeof seen.status === "string") video = seen
      if (isOver(video.status)) break
    } catch (error) {
      wait = waitOf(error, clock.now())
    }
    await clock.sleep(wait)
  }
  if (!isOver(video.status)) throw new Error(`${id} had not ended after 60 polls`)
  if (video.status !== "completed") return undefined
  for (let tries = 0; tries < 10; tries++) {
    try {
      const answer = await client.videos.downloadContent(id, {}, { headers: clock.headers() })
      if (answer.headers.get("content-type") === "video/mp4") return new Uint8Array(await answer.arrayBuffer())
    } catch (error) {
      if (error instanceof NotFoundError) return undefined
    }
    await clock.sleep(interval)
  }
  throw new Error(`the file of ${id} did not come in ten tries`)
}
