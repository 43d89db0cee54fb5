import { setTimeout as sleep } from "node:timers/promises"
import type { Client, Place, Row } from "../Row.ts"
import { body, headers, headersOfBody, pollPath, type Polled, submitPath, type Submitted, videoOf } from "./parts/xai.ts"

const make = ({ base, interval }: Place): Client => {
  const waited = async (signal: AbortSignal | undefined, told?: () => void): Promise<string> => {
    const submission = await fetch(base + submitPath, { method: "POST", headers: headersOfBody, body, signal: signal ?? null })
    if (!submission.ok) throw new Error(`The submission was answered with ${submission.status}`)
    const { request_id: id }: Submitted = await submission.json()
    for (;;) {
      const poll = await fetch(base + pollPath(id), { headers, signal: signal ?? null })
      if (!poll.ok) throw new Error(`The poll was answered with ${poll.status}`)
      const answer: Polled = await poll.json()
      told?.()
      const video = videoOf(answer)
      if (video !== undefined) return video
      await sleep(interval, undefined, { signal })
    }
  }
  return {
    video: (signal) => waited(signal),
    share: (subscribers, told) => {
      const listeners = new Set(Array.from({ length: subscribers }, () => () => told()))
      const stopping = new AbortController()
      waited(stopping.signal, () => {
        for (const listener of listeners) listener()
      }).catch(() => undefined)
      return { stop: () => stopping.abort() }
    }
  }
}

export const row: Row = { title: "fetch loop", group: "by hand", firstPoll: "at once", packages: [], make }
