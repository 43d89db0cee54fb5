/** Vercel's AI SDK, `ai` with `@ai-sdk/xai`. Its guard refuses to download from 127.0.0.1 and localhost, which leaves two ways. */
import { createXai } from "@ai-sdk/xai"
import { experimental_generateVideo as generateVideo } from "ai"
import { type Came, type Client, interval, prompt } from "./client.ts"

Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })

type Download = NonNullable<Parameters<typeof generateVideo>[0]["download"]>

const make =
  (download?: Download): Client["make"] =>
  async (base, deadline): Promise<Came> => {
    const { video } = await generateVideo({
      model: createXai({ apiKey: "key", baseURL: `${base}/v1` }).video("grok-imagine-video"),
      prompt,
      poll: { intervalMs: interval, timeoutMs: deadline },
      ...(download === undefined ? {} : { download })
    })
    return { bytes: video.uint8Array }
  }

/** Behind MSW, where the mock is at `https://api.x.ai` or `https://mock.reelay.invalid`: it downloads by itself. */
export const behindMsw: Client = { name: "ai, behind MSW", provider: "xai", takes: "file by link", make: make() }

/** Over HTTP, with a download of one's own. */
const download: Download = async ({ abortSignal, url }) => {
  const answer = await fetch(url, abortSignal === undefined ? {} : { signal: abortSignal })
  if (!answer.ok) throw new Error(`HTTP ${answer.status} for the video`)
  return { data: new Uint8Array(await answer.arrayBuffer()), mediaType: answer.headers.get("content-type") ?? undefined }
}

export const withDownload: Client = { name: "ai, with download", provider: "xai", takes: "file by link", make: make(download) }

/** Over HTTP, left to itself. */
export const overHttp: Client = { name: "ai, over HTTP", provider: "xai", takes: "file by link", make: make() }
