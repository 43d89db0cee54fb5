import { createFalClient } from "@fal-ai/client"
import type { Client, Place, Row } from "../Row.ts"

const make = ({ base, interval }: Place): Client => {
  const client = createFalClient({
    credentials: "key:secret",
    // Its host can't be chosen otherwise.
    fetch: (input, init) =>
      fetch(String(input instanceof Request ? input.url : input).replace("https://queue.fal.run", `${base}/fal`), init)
  })
  return {
    video: async (abortSignal) => {
      const { data } = await client.subscribe("acme/video", {
        input: { prompt: "A red fox." },
        pollInterval: interval,
        ...(abortSignal === undefined ? {} : { abortSignal })
      })
      return data.video.url
    }
  }
}

export const row: Row = { title: "@fal-ai/client", group: "library", firstPoll: "at once", packages: ["@fal-ai/client"], make }
