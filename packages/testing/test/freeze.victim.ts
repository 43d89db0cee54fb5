/** The program that is frozen between its intent and the first byte: it submits once, under a key. Its instructions come over IPC. */
import type { Journal } from "@reelay/core"
import { createClient, FileJournal } from "@reelay/node"
import * as Effect from "effect/Effect"
import dns from "node:dns"
import { flushCompileCache } from "node:module"
import { at } from "./configured.ts"
import { isFreezePlan, key, promptOf, type Frozen, type FreezePlan } from "./freeze.plan.ts"

const tell = (message: string | Frozen): void => void process.send?.(message)

/** Reports where it is, once, and waits for "go". */
const gate = (): (() => Promise<void>) => {
  let passed: Promise<void> | undefined
  return () =>
    (passed ??= new Promise((resolve) => {
      process.on("message", (message) => message === "go" && resolve())
      tell("here")
    }))
}

/** The intent is durable, and its writer does not know it yet. */
const afterIntent = (journal: Journal.Journal["Service"], wait: () => Promise<void>): Journal.Journal["Service"] => ({
  ...journal,
  create: (entry) =>
    Effect.tap(journal.create(entry), (created) => (created && entry.fate._tag === "Intent" ? Effect.promise(wait) : Effect.void))
})

/** The intent is written, and the server's address is asked for. */
const whileConnecting = (wait: () => Promise<void>): void => {
  const answer = async (
    _host: string,
    options: dns.LookupOptions,
    callback: (...results: ReadonlyArray<unknown>) => void
  ): Promise<void> => {
    await wait()
    if (options.all === true) callback(null, [{ address: "127.0.0.1", family: 4 }])
    else callback(null, "127.0.0.1", 4)
  }
  // Its overloads fit no single function.
  Reflect.set(dns, "lookup", answer)
}

const run = async (plan: FreezePlan): Promise<Frozen> => {
  const wait = gate()
  const files = FileJournal.make(plan.journal)
  const journal = plan.moment === "intent" ? afterIntent(files, wait) : files
  if (plan.moment === "connection") whileConnecting(wait)
  const client = createClient({
    provider: at("xai", plan.moment === "connection" ? plan.url.replace("127.0.0.1", "localhost") : plan.url),
    journal,
    logLevel: "none",
    ...(plan.transport === "fetch" ? { fetch: globalThis.fetch } : {})
  })
  try {
    const { ref } = await client.submit({ prompt: promptOf(plan.name) }, { key, saveTo: "unused.mp4" })
    return { id: ref.id }
  } catch (error) {
    return { error: String(error) }
  }
}

process.once("message", (plan) => {
  if (!isFreezePlan(plan)) throw new Error("this is no plan")
  void run(plan).then((frozen) => process.send?.(frozen, () => process.disconnect()))
})
// A killed process could not save its compile cache.
flushCompileCache()
process.send?.("ready")
