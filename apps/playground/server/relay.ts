/** The relay of the page: its journal and its keys stay on this side. */
import { Journal } from "@reelay/core"
import { FileJournal } from "@reelay/node"
import { cometapi, geeknow, xai, xingchao } from "@reelay/providers"
import { createRelay, type Listener, listener } from "@reelay/relay/node"
import * as Effect from "effect/Effect"
import { randomUUID } from "node:crypto"

export interface Relayed {
  readonly handle: Listener
  /** The provider's id of each job, by the first word of its label. */
  readonly names: () => Promise<Readonly<Record<string, string>>>
  readonly close: () => Promise<void>
}

/** A key that only this process knows: a test looks for it in what the browser gets. */
export const aKey = (): string => `sk-${randomUUID()}`

export const relayed = (mock: string, folder: string, apiKey: string): Relayed => {
  const journal = FileJournal.make(folder)
  const made = (name: string) => ({ apiKey, baseUrl: `${mock}/${name}` })
  const relay = createRelay({
    providers: [xai(made("xai")), cometapi(made("cometapi")), geeknow(made("geeknow")), xingchao(made("xingchao"))],
    journal,
    // The page is this machine's own, and the mock costs nothing.
    authorize: () => ({ user: "you" }),
    secret: apiKey,
    basePath: "/api/video",
    limits: { submissionsPerMinute: 60, jobs: 50 },
    watch: { pace: "500 millis" },
    logLevel: "error"
  })
  const names = async (): Promise<Readonly<Record<string, string>>> => {
    const entries = await Effect.runPromise(journal.entries)
    return Object.fromEntries(
      entries.flatMap((entry) => {
        const ref = entry._tag === "Entry" ? Journal.refOf(entry) : undefined
        const [name] = entry._tag === "Entry" ? (entry.label ?? "").split(" ") : []
        return ref === undefined || name === undefined || name === "" ? [] : [[name, ref.id]]
      })
    )
  }
  return { handle: listener(relay), names, close: () => relay.dispose() }
}
