/** One sequence of requests, to be played on each host: what comes back must be the same to the byte. Runs in browsers too. */
import { fixtures as cometapi } from "@reelay/providers/cometapi/fixtures"
import type { Options } from "../../src/mock/Mock.ts"
import { builtIn } from "../../src/providers/index.ts"
import { endpoints } from "../endpoints.ts"
import { type Name, providerNames } from "../names.ts"

export const origin = "http://mock.test"

/** Where a vendor's own API is. */
export const realAt = (provider: Name): string => new URL(builtIn[provider].vendor?.baseUrl ?? "").origin

/** A time that only the sequence moves, over HTTP. */
export const options: Options & { readonly now: () => number } = { now: () => 1_800_000_000_000, clock: "frozen", seed: "every host" }

export interface Host {
  /** Where a provider's API is, in the eyes of a client of this host. */
  readonly api: (provider: Name) => string
  readonly send: (url: string, init: RequestInit) => Promise<Response>
}

/** What came back for one request. */
export interface Step {
  readonly asked: string
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** As text, or as a digest of what is none. */
  readonly body: string
}

/** Those of a connection, and of a server's hour. */
const ofTheHost: ReadonlySet<string> = new Set(["connection", "date", "keep-alive", "transfer-encoding"])

const bodyOf = async (response: Response): Promise<string> => {
  const bytes = await response.arrayBuffer()
  if (response.headers.get("content-type") !== "video/mp4") return new TextDecoder().decode(bytes)
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))
  return `${bytes.byteLength} bytes ${Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("")}`
}

const linkIn = (text: string): string => /https?:[^"]+\/files\/[^"]+/.exec(text)?.[0] ?? `${origin}/files/no-link`

const auth = (key = "key"): Record<string, string> => ({ authorization: `Bearer ${key}` })

export const play = async ({ api, send }: Host): Promise<ReadonlyArray<Step>> => {
  const steps: Array<Step> = []
  const ask = async (asked: string, url: string, init: RequestInit): Promise<string> => {
    try {
      const response = await send(url, init)
      const headers = Object.fromEntries([...response.headers].filter(([name]) => !ofTheHost.has(name)))
      const body = await bodyOf(response)
      steps.push({ asked, status: response.status, headers, body })
      return body
    } catch {
      steps.push({ asked, status: 0, headers: {}, body: "" })
      return ""
    }
  }
  const post = (asked: string, url: string, body: unknown, key?: string): Promise<string> =>
    ask(asked, url, { method: "POST", headers: { ...auth(key), "content-type": "application/json" }, body: JSON.stringify(body) })
  const advance = (by: number): Promise<string> => post(`${by} ms later`, `${origin}/__mock/clock`, { advance: by })

  for (const provider of providerNames) {
    const { body, poll, submit } = endpoints[provider]
    const base = api(provider)
    const submitted = async (prompt: string): Promise<string> => {
      const text = await post(`${provider}: ${prompt}`, base + submit, { ...body, prompt })
      return /"(?:request_id|task_id|id)":"([^"]+)"/.exec(text)?.[1] ?? "no-id"
    }
    const polled = (id: string): Promise<string> => ask(`${provider}: poll`, base + poll(id), { headers: auth() })

    const id = await submitted("A candle")
    await polled(id)
    await advance(5000)
    await polled(id)
    await advance(5000)
    const link = linkIn(await polled(id))
    const whole = { headers: {} }
    await ask(`${provider}: file`, link, whole)
    await ask(`${provider}: head of the file`, link, { method: "HEAD" })
    await ask(`${provider}: part of the file`, link, { headers: { range: "bytes=100-199" } })
    await ask(`${provider}: end of the file, if it is another`, link, { headers: { range: "bytes=-10", "if-range": '"other"' } })
    await ask(`${provider}: beyond the file`, link, { headers: { range: "bytes=99999999-" } })
    await ask(`${provider}: a bad signature`, link.replace("signature=", "signature=0"), whole)

    await post(`${provider}: a bad key`, base + submit, { ...body, prompt: "A candle" }, "bad")
    await post(`${provider}: no prompt`, base + submit, body)
    await ask(`${provider}: no such job`, base + poll("unknown"), { headers: auth() })
    await ask(`${provider}: no such route`, `${base}/nowhere?at=all`, { headers: auth() })
    await ask(`${provider}: wrong method`, base + submit, { method: "DELETE", headers: auth() })
    for (const words of ["mock:flaky", "mock:rate-limited", "mock:moderated mock:fast", "mock:not-found-first"]) {
      const spoilt = await submitted(`A candle, ${words}`)
      await polled(spoilt)
      await polled(spoilt)
    }
    for (const fault of ["truncated", "corrupted", "json-instead", "url-expired-410"]) {
      const spoilt = await submitted(`A candle, mock:fast mock:fault=${fault}`)
      await ask(`${provider}: ${fault}`, linkIn(await polled(spoilt)), whole)
    }
    await submitted("A candle, mock:fault=submit-accepted-drop")
    await submitted("A candle, mock:lost-submit")
  }
  const gateway = `${origin}/cometapi+xai/grok/v1/videos`
  const wrapped = /"request_id":"([^"]+)"/.exec(
    await post("gateway", `${gateway}/generations`, { prompt: "A candle, mock:flaky gateway:fault=poll-accepted-html" })
  )
  for (const elapsed of [0, 5000, 5000, 0]) {
    await advance(elapsed)
    await ask("gateway: poll", `${gateway}/${wrapped?.[1]}`, { headers: auth() })
  }
  await ask("jobs", `${origin}/__mock/jobs`, {})
  await ask("ledger", `${origin}/__mock/ledger`, {})
  await ask("verdict", `${origin}/__mock/verify?floor=5000`, {})
  // Clients differ in what they say of themselves; what the mock made of it may not.
  const journal: ReadonlyArray<{ headers?: unknown }> = JSON.parse(await ask("journal", `${origin}/__mock/journal`, {}))
  const last = steps.pop()
  for (const entry of journal) delete entry.headers
  return last === undefined ? steps : [...steps, { ...last, headers: {}, body: JSON.stringify(journal) }]
}

/** So that a sequence that reaches nothing is seen. */
export const aDocumentedBody = JSON.stringify(cometapi["query.error.with-task-not-exist"].body)
