/** OpenAI's package at GeekNow's surface, as its documents use it. It has no helper that polls a video, so that the loop is ours. */
import { setTimeout as sleep } from "node:timers/promises"
import { OpenAI } from "openai"
import { type Client, interval, prompt } from "./client.ts"

export const openai: Client = {
  name: "openai",
  provider: "geeknow",
  takes: "file by endpoint",
  make: async (base, deadline) => {
    const client = new OpenAI({ baseURL: `${base}/v1`, apiKey: "key" })
    const until = performance.now() + deadline
    let video = await client.videos.create({ model: "grok-video-3", prompt })
    while (video.status !== "completed") {
      if (video.status === "failed") throw new Error(video.error?.message ?? "the video failed")
      if (performance.now() > until) throw new Error("the video had not ended in time")
      await sleep(interval)
      video = await client.videos.retrieve(video.id)
    }
    const answer = await client.videos.downloadContent(video.id)
    return { bytes: new Uint8Array(await answer.arrayBuffer()) }
  }
}
