/** TanStack AI, `@tanstack/ai` with `@tanstack/ai-grok`. It hands out a link, and downloads nothing. */
import { EventType, generateVideo } from "@tanstack/ai"
import { createGrokVideo } from "@tanstack/ai-grok"
import { type Client, interval, prompt } from "./client.ts"

const linkOf = (value: unknown): string => {
  if (typeof value === "object" && value !== null && "url" in value && typeof value.url === "string") return value.url
  throw new Error("the result has no link")
}

export const tanstack: Client = {
  name: "@tanstack/ai",
  provider: "xai",
  takes: "link",
  make: async (base, deadline) => {
    const chunks = generateVideo({
      adapter: createGrokVideo("grok-imagine-video", "key", { baseURL: `${base}/v1` }),
      prompt,
      stream: true,
      pollingInterval: interval,
      maxDuration: deadline,
      debug: false
    })
    for await (const chunk of chunks) {
      if (chunk.type === "CUSTOM" && chunk.name === "generation:result") return { link: linkOf(chunk.value) }
      // It ends by a chunk, never by an error of its own.
      if (chunk.type === EventType.RUN_ERROR) throw new Error(chunk.message)
    }
    throw new Error("it ended without a result")
  }
}
