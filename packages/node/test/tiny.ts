/** The smallest possible provider, and an entry of its journal: this package's tests use none of the real ones. */
import { type Journal, Provider } from "@reelay/core"
import * as Effect from "effect/Effect"

/** `POST /jobs` has an unclear answer; the job of `GET /jobs/{id}` waits. `parts` replaces any of it. */
export const tiny = (parts: Partial<Provider.Definition<object>> = {}) =>
  Provider.configure<object>({
    name: "tiny",
    title: "Tiny",
    baseUrl: "https://api.tiny.test",
    docs: "https://docs.tiny.test",
    capabilities: [{ model: "tiny-1", mode: "generate", prompt: "optional" }],
    polling: { firstDelay: 10, interval: 10, minInterval: 10, deadline: 10_000 },
    submission: () => Effect.succeed({ kind: "generation", call: { method: "POST", path: "/jobs" } }),
    receive: () => ({ _tag: "Unclear", status: 200, detail: "no id" }),
    poll: ({ id }) => ({ method: "GET", path: `/jobs/${id}` }),
    interpret: () => ({ _tag: "Queued" }),
    ...parts
  })

export const entry: Journal.Entry = {
  _tag: "Entry",
  id: "0kx-1",
  provider: "tiny",
  kind: "generation",
  baseUrl: "https://api.tiny.test",
  account: "me",
  digest: "00ff",
  at: 1000,
  fate: { _tag: "Intent" }
}
