/** A job of the relay, with the members of a job of core's client. */
import type { JobState, Succeeded } from "@reelay/core/JobState"
import type { Outlook, PromiseJob } from "@reelay/core/promise"
import type { Api } from "./api.ts"
import { JobEnded, made, RelayError } from "./errors.ts"
import type { Feed } from "./Feed.ts"
import { goingOn } from "./outlook.ts"
import { interoperable, looped, subscriber, until } from "./source.ts"

/** What the jobs of a client share. */
export interface Open {
  readonly api: Api
  readonly feed: Feed
  /** Whether `<video src>` can fetch by itself: it sends cookies, and no other header. */
  readonly hasCookies: boolean
}

/** A job is known to the feed before it is made. */
export const jobOf = ({ api, feed, hasCookies }: Open, first: JobState): PromiseJob => {
  const { ref } = first
  const { id } = ref
  let shared: Promise<Succeeded> | undefined
  let objectUrl: string | undefined
  let told: Outlook | undefined

  const listen = feed.listen(id)

  const awaited = async (signal?: AbortSignal): Promise<Succeeded> => {
    signal?.throwIfAborted()
    let leave: (() => void) | undefined
    const end = new Promise<Succeeded>((resolve, reject) => {
      let last = first
      leave = listen({
        next: (state) => void (last = state),
        error: reject,
        complete: () => {
          if (last._tag === "Succeeded") resolve(last)
          else if ("billed" in last) reject(new JobEnded(last))
        }
      })
    })
    return until(end, signal).finally(leave)
  }

  const job: PromiseJob = {
    id,
    ref,
    current: () => feed.known(id)?.state ?? first,
    subscribe: subscriber(listen),
    states: (options) => looped(listen, options?.signal),
    result: (options) => {
      if (options !== undefined) return awaited(options.signal)
      if (shared !== undefined) return shared
      const own = (shared = awaited())
      own.catch((error: unknown) => {
        // An outcome is for ever; lost sight is not, unless React has read this very promise.
        if (!(error instanceof JobEnded || "status" in own)) shared = undefined
      })
      return own
    },
    outlook: () => (told = goingOn(feed.known(id)?.outlook, told?.progress)),
    cancel: async () => {
      try {
        const answer = await (await api.send(`/jobs/${id}/cancel`, { method: "POST" })).json()
        feed.put(answer)
        return answer.outcome
      } catch (error) {
        if (error instanceof RelayError && error.again === "never") throw error
        return "Unknown"
      }
    },
    bytes: async ({ maxBytes = Number.POSITIVE_INFINITY, onProgress, signal } = {}) => {
      await awaited(signal)
      const answer = await api.send(`/jobs/${id}/video`, { signal })
      const total = Number(answer.headers.get("content-length")) || undefined
      let size = 0
      const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform: (chunk, controller) => {
          size += chunk.byteLength
          if (Math.max(size, total ?? 0) > maxBytes) throw made("ArtifactTooLarge", "never", `More than ${maxBytes} bytes.`)
          controller.enqueue(chunk)
          onProgress?.(size, total)
        }
      })
      return new Uint8Array(await new Response(answer.body?.pipeThrough(counted) ?? null).arrayBuffer())
    },
    blob: async (options) => {
      const bytes = await job.bytes(options)
      return new Blob([bytes], { type: bytes[0] === 0x1a ? "video/webm" : "video/mp4" })
    },
    url: async (options) => {
      const { artifacts } = await awaited(options?.signal)
      const link = artifacts.find(({ kind }) => hasCookies || kind === "link")
      return link?.url ?? (objectUrl ??= URL.createObjectURL(await job.blob(options)))
    },
    leave: () => {
      feed.leave(id)
      if (objectUrl !== undefined) URL.revokeObjectURL(objectUrl)
      objectUrl = undefined
    },
    [Symbol.asyncIterator]: () => job.states()[Symbol.asyncIterator](),
    [Symbol.asyncDispose]: async () => job.leave()
  }
  return interoperable(job)
}
