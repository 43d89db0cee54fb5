/** A client of the mock, written from the vendors' documents alone: what the tests of this package have in common. */
import * as Mock from "../src/mock/Mock.ts"
import { endpoints } from "./endpoints.ts"
import { type Name, ofEach } from "./names.ts"

export { endpoints } from "./endpoints.ts"

interface Fixture {
  readonly status: number
  readonly body: unknown
}

export const fixtures = ofEach(({ fixtures: all = {} }): Readonly<Record<string, Fixture>> => all)

/** What each says of a job that it does not know. */
export const unknownJob = ofEach(
  ({ fixtures: all = {} }): Fixture | undefined =>
    Object.entries(all).find(([name]) => /^error\.not-found$|\.error\.with-task-not-exist$/.test(name))?.[1]
)

export const start = 1_800_000_000_000

export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  readonly json: unknown
}

export const origin = "http://mock.test"

/** A mock whose clock stands at `start` until a test moves it. */
export const makeClient = (options: Mock.Options = {}) => {
  let now = start
  const mock = Mock.make({ ...options, now: () => now })
  const send = async (path: string, init: RequestInit = {}): Promise<Answered> => {
    const response = await mock.handle(new Request(path.startsWith("http") ? path : origin + path, init))
    const text = await response.text()
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true
    const json: unknown = isJson && text !== "" ? JSON.parse(text) : undefined
    return { status: response.status, headers: response.headers, text, json }
  }
  const post = (path: string, body: unknown, key = "key"): Promise<Answered> =>
    send(path, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: typeof body === "string" ? body : JSON.stringify(body)
    })
  const submit = async (provider: Name, prompt: string, body: Record<string, unknown> = {}): Promise<string> => {
    const { submit: path, body: least } = endpoints[provider]
    await post(`/${provider}${path}`, { ...least, ...body, prompt })
    return mock.jobs.at(-1)?.id ?? ""
  }
  const get = (path: string, key = "key", headers: Record<string, string> = {}): Promise<Answered> =>
    send(path, { headers: { authorization: `Bearer ${key}`, ...headers } })
  const poll = (provider: Name, id: string, key = "key"): Promise<Answered> => get(`/${provider}${endpoints[provider].poll(id)}`, key)
  return {
    mock,
    send,
    post,
    submit,
    get,
    poll,
    /** Moves the clock to so many milliseconds after its start. */
    at: (elapsed: number): void => {
      now = start + elapsed
    }
  }
}

const volatile: ReadonlySet<string> = new Set(
  "id request_id task_id created created_at completed_at expires_at submit_time finish_time progress model duration actualDuration seconds url video_url cost_in_usd_ticks".split(
    " "
  )
)

/** A payload in which what differs from job to job is replaced by its type. */
export const mask = (value: unknown, key = ""): unknown => {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, mask(inner, name)]))
  }
  if (volatile.has(key) || (typeof value === "string" && value.startsWith("http"))) return `<${typeof value}>`
  return value
}

/** The first URL of a file in a payload. */
export const urlIn = (text: string): string => /https?:[^"]+\/files\/[^"]+/.exec(text)?.[0] ?? ""
