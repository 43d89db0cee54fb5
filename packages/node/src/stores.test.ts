import * as NodeServices from "@effect/platform-node/NodeServices"
import { Job, Journal, KeyValueJournal } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Stream from "effect/Stream"
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { describe, expect, it } from "vitest"
import { entry as plain, tiny } from "../test/tiny.ts"
import * as Sqlite from "../test/sqlite.ts"

const ref = {
  provider: "tiny",
  kind: "generation",
  id: "j 1/2",
  baseUrl: "https://api.tiny.test",
  account: "me",
  submittedAt: 1000
} as const
const entry: Journal.Entry = { ...plain, label: 'a fox; it\'s "quoted" — 狐' }
const provider = tiny({ receive: () => ({ _tag: "Accepted", id: "j1" }), interpret: () => ({ _tag: "Expired", billed: "unknown" }) })({
  apiKey: "sk-test-1234"
})

/** Each store, how its entries can be damaged from outside, and how it can be broken. */
const stores = {
  "SQL (SQLite)": () => {
    const file = join(mkdtempSync(join(tmpdir(), "reelay-sql-")), "jobs.db")
    const change = (sql: string, ...params: ReadonlyArray<string>) => {
      const database = new DatabaseSync(file)
      database.prepare(sql).run(...params)
      database.close()
    }
    return {
      layer: KeyValueStore.layerSql({ table: "jobs" }).pipe(Layer.provide(Sqlite.layer(file))),
      damage: (key: string) => change("UPDATE jobs SET value = CAST(? AS BLOB) WHERE id = ?", "{", key),
      breakIt: () => change("CREATE TRIGGER full BEFORE INSERT ON jobs BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END")
    }
  },
  "effect's files": () => {
    const folder = join(mkdtempSync(join(tmpdir(), "reelay-kv-")), "jobs")
    return {
      layer: Layer.orDie(KeyValueStore.layerFileSystem(folder)).pipe(Layer.provide(NodeServices.layer)),
      damage: (key: string) => writeFileSync(join(folder, encodeURIComponent(key)), "{"),
      breakIt: () => {
        rmSync(folder, { recursive: true })
        writeFileSync(folder, "")
        chmodSync(folder, 0o400)
      }
    }
  }
}

/** Every call acts as a new process: it opens the store anew. */
const afresh = <A, E>(store: Layer.Layer<KeyValueStore.KeyValueStore>, work: Effect.Effect<A, E, Journal.Journal>): Promise<A> =>
  Effect.runPromise(Effect.provide(work, KeyValueJournal.layer().pipe(Layer.provide(store))))
const entries = Effect.flatMap(Journal.Journal, (journal) => journal.entries)

describe("a journal in a SQL database", () => {
  it("creates an entry once, for the first caller, and reads what it has created", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "reelay-sql-")), "jobs.db")
    const opened = <A, E>(work: Effect.Effect<A, E, Journal.Journal>): Promise<A> =>
      Effect.runPromise(Effect.provide(work, KeyValueJournal.layerSql().pipe(Layer.provide(Sqlite.layer(file)))))
    const create = (detail: string) =>
      Effect.flatMap(Journal.Journal, (journal) => journal.create({ ...entry, fate: { _tag: "Unknown", detail } }))
    expect(await opened(create("first"))).toBe(true)
    expect(await opened(create("second"))).toBe(false)
    expect(await opened(entries)).toMatchObject([{ id: entry.id, label: entry.label, fate: { detail: "first" } }])
    const broken = new DatabaseSync(file)
    broken.exec("CREATE TRIGGER full BEFORE INSERT ON reelay_jobs BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END")
    broken.close()
    const full = Effect.flatMap(Journal.Journal, (journal) => Effect.flip(journal.create({ ...entry, id: "0kx-9" })))
    expect((await opened(full)).detail).toContain("database or disk is full")
  })
})

describe.each(Object.entries(stores))("a journal on %s", (_, make) => {
  it("keeps its entries across a restart, and reports damaged ones beside the rest", async () => {
    const { damage, layer } = make()
    const second: Journal.Entry = { ...entry, id: "0kx-2", at: 2000, fate: { _tag: "Accepted", ref } }
    await afresh(
      layer,
      Effect.gen(function* () {
        const journal = yield* Journal.Journal
        yield* journal.write(entry)
        yield* journal.write(second)
        yield* journal.write({ ...entry, fate: { _tag: "Unknown", detail: "no answer" } })
        yield* journal.write({ ...entry, id: "0kx-3" })
        yield* journal.remove("0kx-3")
      })
    )
    expect(await afresh(layer, entries)).toStrictEqual([{ ...entry, fate: { _tag: "Unknown", detail: "no answer" } }, second])
    damage("reelay/job/0kx-1")
    expect(await afresh(layer, entries)).toMatchObject([{ _tag: "Damaged", id: "0kx-1" }, second])
  })

  it("a job is submitted by one process and resumed by another", async () => {
    const { layer } = make()
    const sent: Array<string> = []
    const answering = Layer.succeed(FetchHttpClient.Fetch, (input, init) => {
      const { method, url } = new Request(input, init)
      sent.push(`${method} ${new URL(url).pathname}`)
      return Promise.resolve(new Response("{}"))
    })
    const net = Layer.provide(FetchHttpClient.layer, answering)
    await afresh(layer, Effect.provide(Job.submit(provider, {}), net))
    const events = await afresh(layer, Effect.provide(Stream.runCollect(Job.resumeAll([provider])), net))
    expect(events.map((event) => (event._tag === "State" ? event.state._tag : event._tag))).toStrictEqual(["Submitted", "Expired"])
    expect(sent).toStrictEqual(["POST /jobs", "GET /jobs/j1"])
    expect(await afresh(layer, entries)).toMatchObject([{ fate: { _tag: "Closed", end: "Expired" } }])
  })

  it("that can't be written stops a submission before a byte is sent", async () => {
    const { breakIt, layer } = make()
    let sent = 0
    const net = Layer.provide(
      FetchHttpClient.layer,
      Layer.succeed(FetchHttpClient.Fetch, () => {
        sent += 1
        return Promise.resolve(new Response("{}"))
      })
    )
    const failing = Effect.andThen(
      entries,
      Effect.suspend(() => {
        breakIt()
        return Effect.flip(Effect.provide(Job.submit(provider, {}), net))
      })
    )
    expect((await afresh(layer, failing)).reason._tag).toBe("JournalFailed")
    expect(sent).toBe(0)
  })
})
