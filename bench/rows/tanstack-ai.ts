import { EventType, generateVideo } from "@tanstack/ai"
import { createGrokVideo } from "@tanstack/ai-grok"
import type { Client, Place, Row } from "../Row.ts"

const make = ({ base, interval }: Place): Client => {
  const adapter = createGrokVideo("grok-imagine-video", "key", { baseURL: `${base}/v1` })
  return {
    video: async (abortSignal) => {
      const chunks = generateVideo({
        adapter,
        prompt: "A red fox.",
        stream: true,
        pollingInterval: interval,
        maxDuration: 1e10,
        debug: false,
        ...(abortSignal === undefined ? {} : { abortSignal })
      })
      for await (const chunk of chunks) {
        if (chunk.type === "CUSTOM" && chunk.name === "generation:result") return linkOf(chunk.value)
        // It ends by a chunk, never by an error of its own.
        if (chunk.type === EventType.RUN_ERROR) throw new Error(chunk.message)
      }
      throw new Error("It ended without a video")
    }
  }
}

const linkOf = (value: unknown): string => {
  if (typeof value === "object" && value !== null && "url" in value && typeof value.url === "string") return value.url
  throw new Error("The result has no link")
}

export const row: Row = {
  title: "@tanstack/ai + grok",
  group: "library",
  firstPoll: "after an interval",
  packages: ["@tanstack/ai", "@tanstack/ai-grok"],
  make
}
