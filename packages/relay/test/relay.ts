/** A relay in front of a mock, and what a browser sends. */
import { serve, type MockServer, type ServeOptions } from "@reelay/mock-server/node"
import { cometapi } from "@reelay/providers/cometapi"
import { xai } from "@reelay/providers/xai"
import { afterAll } from "vitest"
import { createRelay, type Relay, type RelayOptions } from "../src/index.ts"

export const apiKey = "sk-of-the-server-0123456789"
export const prompt = "A candle flickers on a wooden table."

const closing: Array<() => Promise<unknown>> = []
afterAll(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** Closes something when all tests of the file are over: they run concurrently. */
export const later = (close: () => Promise<unknown>): void => void closing.push(close)

export const mocked = async (options: ServeOptions = {}): Promise<MockServer> => {
  const server = await serve({ port: 0, duration: 400, ...options })
  later(server.close)
  return server
}

/** The user is whoever the cookie says. */
const authorize: RelayOptions["authorize"] = ({ headers }) => {
  const user = /user=([^;]+)/u.exec(headers.get("cookie") ?? "")?.[1]
  return user === undefined ? undefined : { user }
}

export const optionsOf = ({ url }: Pick<MockServer, "url">): RelayOptions => ({
  providers: [xai({ apiKey, baseUrl: `${url}/xai`, account: "acme-account" }), cometapi({ apiKey, baseUrl: `${url}/cometapi` })],
  authorize,
  watch: { pace: 50 },
  logLevel: "error"
})

export const relayTo = (server: Pick<MockServer, "url">, more: Partial<RelayOptions> = {}): Relay => {
  const relay = createRelay({ ...optionsOf(server), ...more })
  later(relay.dispose)
  return relay
}

interface Sent {
  readonly method?: string
  readonly user?: string | undefined
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

export const base = "https://app.example.com/api/video"

/** A request as the page's own script sends it. */
export const requested = (path: string, { body, headers = {}, method = "GET", signal, user = "ann" }: Sent = {}): Request =>
  new Request(`${base}${path}`, {
    method,
    headers: {
      ...(user === "" ? {} : { cookie: `user=${user}` }),
      ...(method === "GET" || method === "HEAD" ? {} : { "x-reelay": "1", "content-type": "application/json" }),
      ...headers
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal })
  })

/** A submission. */
export const posted = (
  key: string,
  request: unknown = { prompt },
  { user, headers, ...more }: Sent & Record<string, unknown> = {}
): Request => requested("/jobs", { method: "POST", user, headers: { "idempotency-key": key, ...headers }, body: { request, ...more } })

export const submitted = async (relay: Relay, key: string, request: unknown = { prompt }, user = "ann"): Promise<string> => {
  const answer = await relay(posted(key, request, { user }))
  const body = await answer.json()
  if (answer.status !== 201) throw new Error(JSON.stringify(body))
  return body.job
}

export interface Seen {
  readonly event: string
  readonly id: string | undefined
  // Whatever JSON it is: each test looks at its own fields.
  readonly data: Readonly<Record<string, unknown>> & { readonly state?: Readonly<Record<string, unknown>> }
}

/** The events of a stream, as they come; leaving the loop leaves the stream. */
export async function* eventsOf(answer: Response): AsyncGenerator<Seen, void> {
  let text = ""
  if (answer.body === null) return
  const decoder = new TextDecoder()
  for await (const chunk of answer.body) {
    text += decoder.decode(chunk, { stream: true })
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const lines = text.slice(0, end).split("\n")
      text = text.slice(end + 2)
      const field = (name: string): string | undefined => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
      const event = field("event")
      if (event !== undefined) yield { event, id: field("id"), data: JSON.parse(field("data") ?? "null") }
    }
  }
}

export const allEvents = async (answer: Response): Promise<ReadonlyArray<Seen>> => {
  const seen: Array<Seen> = []
  for await (const each of eventsOf(answer)) seen.push(each)
  return seen
}

export const tagsOf = (seen: ReadonlyArray<Seen>): ReadonlyArray<unknown> => [
  ...new Set(seen.map(({ data, event }) => (event === "state" ? data.state?.["_tag"] : event)))
]

export const posts = ({ mock }: MockServer): number => mock.journal.filter(({ route }) => route === "submit").length
export const polls = ({ mock }: MockServer): number => mock.journal.filter(({ route }) => route === "poll").length

export const until = async (isSo: () => boolean | Promise<boolean>, millis = 20_000): Promise<void> => {
  const end = performance.now() + millis
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error("it did not happen")
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
