import Replicate from "replicate"
import type { Client, Place, Row } from "../Row.ts"

const make = ({ base, interval }: Place): Client => {
  const client = new Replicate({ auth: "key", baseUrl: `${base}/replicate`, useFileOutput: false })
  return {
    video: async (signal) => {
      const output = await client.run("acme/video", {
        input: { prompt: "A red fox." },
        wait: { mode: "poll", interval },
        ...(signal === undefined ? {} : { signal })
      })
      // After an abort it resolves with whatever the job has.
      signal?.throwIfAborted()
      if (typeof output === "string") return output
      throw new Error("The output is no link")
    }
  }
}

export const row: Row = { title: "replicate", group: "library", firstPoll: "at once", packages: ["replicate"], make }
