import { KeyValueJournal } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import { mkdtempSync, rmSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { RelayOptions } from "../src/index.ts"
import { allEvents, later, mocked, posted, posts, prompt, relayTo, requested, submitted, tagsOf } from "./relay.ts"

/** A journal in a database, as a process of its own would open it. */
const opened = (file: string): NonNullable<RelayOptions["journal"]> => {
  const database = new DatabaseSync(file)
  later(async () => database.close())
  database.exec("PRAGMA busy_timeout = 2000; CREATE TABLE IF NOT EXISTS jobs (id TEXT PRIMARY KEY, value TEXT NOT NULL)")
  const put = (verb: string) => (key: string, value: string) =>
    Effect.sync(() => Number(database.prepare(`${verb} INTO jobs (id, value) VALUES (?, ?)`).run(key, value).changes) > 0)
  const all = () =>
    database
      .prepare("SELECT id, value FROM jobs")
      .all()
      .map(({ id, value }) => [String(id), String(value)] as const)
  const store = KeyValueStore.makeStringOnly({
    get: (key) => Effect.sync(() => new Map(all()).get(key)),
    set: (key, value) => Effect.asVoid(put("INSERT OR REPLACE")(key, value)),
    remove: (key) => Effect.sync(() => void database.prepare("DELETE FROM jobs WHERE id = ?").run(key)),
    clear: Effect.sync(() => database.exec("DELETE FROM jobs")),
    size: Effect.sync(() => all().length),
    keys: Effect.sync(() => all().map(([id]) => id))
  })
  return KeyValueJournal.layer({ create: put("INSERT OR IGNORE") }).pipe(Layer.provide(Layer.succeed(KeyValueStore.KeyValueStore, store)))
}

describe("relays that share a database", () => {
  it("are one to their users: a key is one submission, and each resumes the other's jobs", async () => {
    const server = await mocked()
    const folder = mkdtempSync(join(tmpdir(), "reelay-relay-"))
    later(async () => rmSync(folder, { recursive: true }))
    const [one, two] = [
      relayTo(server, { journal: opened(join(folder, "jobs.db")) }),
      relayTo(server, { journal: opened(join(folder, "jobs.db")) })
    ]
    const job = await submitted(one, "k1")
    const again = await two(posted("k1"))
    expect([again.status, again.headers.get("idempotent-replayed"), (await again.json()).job]).toEqual([201, "true", job])
    expect((await (await two(requested("/jobs"))).json()).jobs).toMatchObject([{ job, key: "k1", fate: "Accepted" }])
    expect(tagsOf(await allEvents(await two(requested(`/jobs/${job}/events`)))).slice(-2)).toEqual(["Succeeded", "end"])
    expect((await two(requested(`/jobs/${job}/video`))).status).toBe(200)
    expect((await (await one(requested("/jobs"))).json()).jobs).toMatchObject([{ job, fate: "Closed", end: "Succeeded" }])
    const both = await Promise.all([one, two].map((relay) => relay(posted("k2", { prompt: `${prompt} Again.` }))))
    // Who comes second may be told to come again, but sends nothing.
    for (const { status } of both) expect([201, 503, 409]).toContain(status)
    expect(both.map(({ status }) => status)).toContain(201)
    expect(posts(server)).toBe(2)
  })
})
