import { createXai } from "@ai-sdk/xai"
import { experimental_generateVideo as generateVideo } from "ai"
import type { Client, Place, Row } from "../Row.ts"

const make = ({ base, interval }: Place): Client => {
  Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })
  const model = createXai({ apiKey: "key", baseURL: `${base}/v1` }).video("grok-imagine-video")
  const data = new Uint8Array([1])
  return {
    video: async (abortSignal) => {
      let link = ""
      await generateVideo({
        model,
        prompt: "A red fox.",
        maxRetries: 0,
        poll: { intervalMs: interval, timeoutMs: 2e9 },
        // It downloads what it has waited for: it is handed one byte instead.
        download: ({ url }) => {
          link = String(url)
          return Promise.resolve({ data, mediaType: "video/mp4" })
        },
        ...(abortSignal === undefined ? {} : { abortSignal })
      })
      return link
    }
  }
}

export const row: Row = {
  title: "ai + @ai-sdk/xai",
  group: "library",
  firstPoll: "after an interval",
  packages: ["ai", "@ai-sdk/xai"],
  make
}
