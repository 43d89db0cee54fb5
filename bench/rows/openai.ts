import OpenAI from "openai"
import type { Client, Place, Row } from "../Row.ts"

/** The package waits for no videos: what it waits for with a helper are the files of vector stores, by the same client and transport. */
const make = ({ base, interval }: Place): Client => {
  const { files } = new OpenAI({ apiKey: "key", baseURL: `${base}/openai/v1`, maxRetries: 0 }).vectorStores
  return {
    video: async (signal) => {
      const options = signal === undefined ? {} : { signal }
      const { id } = await files.create("vs", { file_id: "file" }, options)
      const { attributes } = await files.poll("vs", id, { pollIntervalMs: interval, ...options })
      return String(attributes?.["url"])
    }
  }
}

export const row: Row = { title: "openai, its poll helper", group: "library", firstPoll: "at once", packages: ["openai"], make }
