/** A careful client of xAI's surface with a time of its own, and what it may get wrong. Written from the vendor's document alone. */

/** One thing each that careless clients do. */
export const flaws = [
  "goes-on-after-the-end",
  "takes-any-end-for-success",
  "asks-once-more",
  "ignores-retry-after",
  "asks-too-often",
  "gives-up",
  "keeps-to-one-link",
  "trusts-every-body",
  "submits-again",
  "sends-its-key-along"
] as const

export type Flaw = (typeof flaws)[number]

type State = "queued" | "running" | "succeeded" | "failed" | "expired"

interface Said {
  readonly status: number
  readonly headers: Headers
  /** `undefined` if the body is not a JSON object. */
  readonly json: Readonly<Record<string, unknown>> | undefined
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const textOf = (value: unknown, name: string): string | undefined => {
  const field = isObject(value) ? value[name] : undefined
  return typeof field === "string" && field !== "" ? field : undefined
}

/** Makes one video at `base`, and tells what it saw. Rejects if it would crash. */
export const makeVideo = async (fetch: typeof globalThis.fetch, base: string, flaw?: Flaw): Promise<State | "unknown"> => {
  let now = 0
  const sleep = (millis: number): void => {
    now += millis
  }
  const interval = flaw === "asks-too-often" ? 1000 : 5000
  const key = { authorization: "Bearer key" }
  const time = () => ({ "x-client-now": String(now) })

  /** What was said; `undefined` if nothing came, or not all of it. */
  const ask = async (path: string, init: RequestInit = {}): Promise<Said | undefined> => {
    try {
      const answer = await fetch(base + path, {
        ...init,
        headers: { ...key, ...time(), "content-type": "application/json" }
      })
      const { headers, status } = answer
      const text = await answer.text()
      if (flaw === "trusts-every-body") JSON.parse(text === "" ? "{}" : text)
      const isJson = headers.get("content-type")?.startsWith("application/json") === true
      const json: unknown = isJson && text !== "" ? JSON.parse(text) : undefined
      return { status, headers, json: isObject(json) ? json : undefined }
    } catch (error) {
      if (error instanceof SyntaxError) throw error
      return undefined
    }
  }

  const wait = ({ headers }: Said): void => {
    const asked = headers.get("retry-after")
    if (asked === null || flaw === "ignores-retry-after") return sleep(interval)
    sleep(Math.max(interval, /^\d+$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - now))
  }

  const submit = async (): Promise<string | undefined> => {
    for (let tries = 0; tries < 10; tries++) {
      const said = await ask("/v1/videos/generations", { method: "POST", body: JSON.stringify({ prompt: "A candle" }) })
      const id = textOf(said?.json, "request_id")
      if (id !== undefined) return id
      // A 429 made nothing. Of anything else, nobody knows.
      if (said?.status === 429) wait(said)
      else if (flaw === "submits-again") sleep(interval)
      else return undefined
    }
    return undefined
  }

  const id = await submit()
  if (id === undefined) return "unknown"
  const states: Array<State> = []

  /** Asks until the job has ended; the answer that says so. */
  const watch = async (): Promise<readonly [State | "unknown", string | undefined]> => {
    for (let polls = 0; polls < 50; polls++) {
      sleep(interval)
      const said = await ask(`/v1/videos/${id}`)
      if (said?.status === 429) wait(said)
      else if (said?.status === 400) return ["failed", undefined]
      else if (flaw === "gives-up" && (said === undefined || said.status >= 500)) return ["unknown", undefined]
      else if (said?.json !== undefined && said.status < 300) {
        const word = textOf(said.json, "status")
        const url = textOf(said.json["video"], "url")
        if (word === "done") return [url === undefined ? "failed" : "succeeded", url]
        if (word === "failed" || word === "expired") return [flaw === "takes-any-end-for-success" ? "succeeded" : word, undefined]
        states.push("running")
      }
    }
    return ["unknown", undefined]
  }

  /** Whether the file was had; `expired` if another link is needed. */
  const download = async (link: string): Promise<boolean | "expired"> => {
    let url = link
    for (let tries = 0; tries < 10; tries++) {
      try {
        const answer = await fetch(url, { headers: { ...(flaw === "sends-its-key-along" ? key : {}), ...time() }, redirect: "manual" })
        const { byteLength } = await answer.arrayBuffer()
        if (answer.status === 403 || answer.status === 404 || answer.status === 410) return "expired"
        if (answer.headers.get("content-type") === "video/mp4" && byteLength > 0) return true
        if (answer.status === 302) url = new URL(answer.headers.get("location") ?? "", url).href
        else sleep(interval)
      } catch {
        sleep(interval)
      }
    }
    return false
  }

  let [end, url] = await watch()
  if (flaw === "asks-once-more") await watch()
  for (let links = 0; links < 3 && url !== undefined; links++) {
    if ((await download(url)) !== "expired" || flaw === "keeps-to-one-link") break
    ;[end, url] = await watch()
  }
  if (end !== "unknown") states.push(end)
  if (flaw === "goes-on-after-the-end") states.push("queued")
  await ask("/__mock/trace", { method: "POST", body: JSON.stringify({ job: id, states }) })
  return end
}
