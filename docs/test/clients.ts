/** Reelay and what else people use, each as its own pages show it, with one way to ask: the link of a video, or the error that was reported. */
import { createXai } from "@ai-sdk/xai"
import { createFalClient } from "@fal-ai/client"
import { createClient } from "@reelay/core/promise"
import { xai } from "@reelay/providers/xai"
import { EventType, generateVideo as generateByTanStack } from "@tanstack/ai"
import { createGrokVideo } from "@tanstack/ai-grok"
import { experimental_generateVideo as generateVideo } from "ai"

interface Asked {
  readonly base: string
  /** Milliseconds. */
  readonly deadline: number
}

/** Milliseconds between two polls. */
const interval = 30
const prompt = "A red fox."

const reelay = async ({ base, deadline }: Asked): Promise<string> => {
  const client = createClient({ provider: xai({ apiKey: "key", baseUrl: base }), pace: interval, deadline, logLevel: "none" })
  const { artifacts } = await client.run({ prompt, duration: 6 })
  return artifacts[0].url
}

const vercel = async ({ base, deadline }: Asked): Promise<string> => {
  Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })
  let link = ""
  await generateVideo({
    model: createXai({ apiKey: "key", baseURL: `${base}/v1` }).video("grok-imagine-video"),
    prompt,
    poll: { intervalMs: interval, timeoutMs: deadline },
    download: ({ url }) => {
      link = String(url)
      return Promise.resolve({ data: new Uint8Array([1]), mediaType: "video/mp4" })
    }
  })
  return link
}

const tanstack = async ({ base, deadline }: Asked): Promise<string> => {
  const adapter = createGrokVideo("grok-imagine-video", "key", { baseURL: `${base}/v1` })
  const chunks = generateByTanStack({ adapter, prompt, stream: true, pollingInterval: interval, maxDuration: deadline, debug: false })
  for await (const chunk of chunks) {
    if (chunk.type === "CUSTOM" && chunk.name === "generation:result") return JSON.stringify(chunk.value)
    if (chunk.type === EventType.RUN_ERROR) throw new Error(chunk.message)
  }
  throw new Error("It ended without a video")
}

const fal = async ({ base, deadline }: Asked): Promise<string> => {
  const client = createFalClient({
    credentials: "key:secret",
    fetch: (input, init) =>
      fetch(String(input instanceof Request ? input.url : input).replace("https://queue.fal.run", `${base}/fal`), init)
  })
  const { data } = await client.subscribe("acme/video", { input: { prompt }, pollInterval: interval, timeout: deadline })
  return data.video.url
}

const clients = { reelay, ai: vercel, tanstack, fal }
export type Name = keyof typeof clients

/** What became of it: the link, or everything that the error says, its own fields included. */
export const outcomeOf = async (name: Name, asked: Asked): Promise<{ readonly link?: string; readonly error?: string }> => {
  try {
    return { link: await clients[name](asked) }
  } catch (error) {
    return { error: `${String(error)} ${JSON.stringify(error)}` }
  }
}
