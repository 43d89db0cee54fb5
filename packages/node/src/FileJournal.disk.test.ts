import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { type JobError, Journal } from "@reelay/core"
import { createClient } from "@reelay/core/promise"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { execFileSync } from "node:child_process"
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, describe, expect, it } from "vitest"
import { entry, tiny } from "../test/tiny.ts"
import { FileJournal } from "./index.ts"

const closing: Array<() => void> = []
afterEach(() => closing.splice(0).forEach((close) => close()))

const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), "reelay-disk-"))
  closing.unshift(() => rmSync(made, { recursive: true }))
  return made
}
const run = Effect.runPromise
const failure = async <A>(effect: Effect.Effect<A, JobError.JournalFailed>) => (await run(Effect.flip(effect))).detail

/** A client that counts its requests; no answer says whether one was accepted. */
const counting = (place: string) => {
  const provider = tiny()({ apiKey: "sk-test-1234" })
  let sent = 0
  const fetch: typeof globalThis.fetch = () => {
    sent += 1
    return Promise.resolve(new Response(""))
  }
  const client = createClient({ provider, fetch, journal: FileJournal.make(place) })
  const resumed = async () => {
    const events: Array<string> = []
    for await (const event of client.resumeAll()) {
      const detail = event._tag === "Damaged" ? event.detail : event._tag === "Error" ? event.error.message : ""
      events.push(`${event._tag} ${detail}`.trim())
    }
    return events
  }
  return { submit: () => client.submit({}), resumed, sent: () => sent }
}

const filesIn = (place: string) => readdirSync(place, { recursive: true }).map(String).toSorted()

/** A disk of one mebibyte that holds only a journal of one entry. */
const small = async (skip: (note: string) => never) => {
  const disk = folder()
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], { stdio: "ignore" })
  } catch {
    skip("a small disk can only be mounted as root, on Linux; Job.journal.test.ts has the same on a disk in memory")
  }
  closing.unshift(() => execFileSync("umount", [disk]))
  const place = join(disk, "journal")
  await run(FileJournal.make(place).write(entry))
  const fill = () => expect(() => writeFileSync(join(disk, "filler"), Buffer.alloc(2 * 1024 * 1024))).toThrow(/ENOSPC/u)
  const free = () => rmSync(join(disk, "filler"))
  return { place, fill, free }
}

describe("a disk that is full", () => {
  it("stops a submission before it is sent, and leaves nothing; once there is room again, it is sent", async ({ skip }) => {
    const { fill, free, place } = await small(skip)
    const { resumed, sent, submit } = counting(place)
    fill()
    await expect(submit()).rejects.toThrow(/ENOSPC.*Nothing was sent/u)
    expect([sent(), filesIn(place)]).toStrictEqual([0, ["0kx-1.json", "claims"]])
    expect(await failure(FileJournal.make(place).write({ ...entry, at: 2000 }))).toContain("ENOSPC")
    expect(await run(FileJournal.make(place).entries)).toStrictEqual([entry])
    free()
    await expect(submit()).rejects.toThrow(/unknown outcome/u)
    expect([sent(), (await resumed()).toSorted()]).toStrictEqual([
      1,
      [expect.stringMatching(/^Error .*unknown outcome: no id/u), expect.stringMatching(/^Error .*unknown outcome: the process ended/u)]
    ])
  })

  it("between a claim and its intent stops a submission too", async ({ skip }) => {
    const { fill, free, place } = await small(skip)
    const journal = FileJournal.make(place)
    expect(await run(journal.claim("0kx-2"))).toBe(true)
    fill()
    expect(await failure(journal.write({ ...entry, id: "0kx-2" }))).toContain("ENOSPC")
    await run(journal.release("0kx-2"))
    free()
    expect(filesIn(place)).toStrictEqual(["0kx-1.json", "claims"])
  })
})

/** Root may do everything, and so becomes another user for a while. */
const asOtherUser = async <A>(use: () => Promise<A>): Promise<A> => {
  const root = process.geteuid?.() === 0
  if (root) process.seteuid?.(65_534)
  try {
    return await use()
  } finally {
    if (root) process.seteuid?.(0)
  }
}

describe("a folder of another user", () => {
  it.skipIf(process.platform === "win32")("that is read-only stops a submission before it is sent; its entries are read", async () => {
    const place = folder()
    await run(FileJournal.make(place).write(entry))
    writeFileSync(join(place, "secret.json"), "{", { mode: 0 })
    chmodSync(join(place, "0kx-1.json"), 0o444)
    chmodSync(place, 0o555)
    const { resumed, sent, submit } = counting(place)
    await asOtherUser(async () => {
      await expect(submit()).rejects.toThrow(/EACCES.*Nothing was sent/u)
      expect(sent()).toBe(0)
      // If no claim can be made, the holder of an entry can't be known.
      expect(await resumed()).toStrictEqual([
        expect.stringMatching(/^Damaged can't be read \(.*EACCES/u),
        expect.stringMatching(/^Error .*EACCES/u)
      ])
    })
    chmodSync(place, 0o755)
  })

  it.skipIf(process.platform === "win32")("that can't be read says so", async () => {
    const place = folder()
    await run(FileJournal.make(place).write(entry))
    chmodSync(place, 0)
    const { resumed, sent, submit } = counting(place)
    await asOtherUser(async () => {
      await expect(submit()).rejects.toThrow(/EACCES.*Nothing was sent/u)
      await expect(resumed()).rejects.toThrow(/can't be read \(.*EACCES/u)
      expect(sent()).toBe(0)
    })
    chmodSync(place, 0o755)
  })
})

it("a thousand entries are listed with one read of the folder and one of each file", async () => {
  const place = folder()
  const journal = FileJournal.make(place)
  await run(journal.write(entry))
  for (let index = 2; index <= 1000; index++) {
    const text = JSON.stringify({ v: 1, ...entry, id: `0kx-${index}`, at: 100_000 - index })
    writeFileSync(join(place, `0kx-${index}.json`), text)
  }
  const calls = { read: 0, list: 0, other: 0 }
  const other = () => void (calls.other += 1)
  const counted = Layer.effect(
    FileSystem.FileSystem,
    Effect.map(FileSystem.FileSystem, (files) => ({
      ...files,
      readDirectory: (...args: Parameters<typeof files.readDirectory>) => (calls.list++, files.readDirectory(...args)),
      readFileString: (...args: Parameters<typeof files.readFileString>) => (calls.read++, files.readFileString(...args)),
      stat: (...args: Parameters<typeof files.stat>) => (other(), files.stat(...args)),
      open: (...args: Parameters<typeof files.open>) => (other(), files.open(...args))
    }))
  ).pipe(Layer.provide(NodeFileSystem.layer))
  const all = await run(
    Effect.flatMap(Journal.Journal, ({ entries }) => entries).pipe(Effect.provide(FileJournal.layer(place)), Effect.provide(counted))
  )
  expect(calls).toStrictEqual({ read: 1000, list: 1, other: 0 })
  expect(all.map(({ id }) => id)).toStrictEqual(["0kx-1", ...Array.from({ length: 999 }, (_, index) => `0kx-${1000 - index}`)])
})

it("entries of every version so far are read, and a newer one is reported as newer", async () => {
  const place = fileURLToPath(new URL("../test/fixtures", import.meta.url))
  const { all: kept, entries } = FileJournal.make(place)
  const all = await run(entries)
  expect(all.map((found) => [found.id, found._tag === "Entry" ? found.fate._tag : found.detail])).toStrictEqual([
    ["v3-newer", "has version 3; this Reelay reads versions up to 2: use the one that wrote it, or a newer one"],
    ["v0-accepted", "Accepted"],
    ["v1-intent", "Intent"],
    ["v1-unknown", "Unknown"],
    ["v1-accepted", "Accepted"],
    ["v1-closed", "Closed"],
    ["v2-unknown", "Unknown"]
  ])
  expect((await run(kept)).at(-1)).toMatchObject({
    _tag: "Tombstone",
    id: "v2-tombstone",
    key: "elk",
    outcome: "Saved",
    ref: { id: "a3d1" }
  })
  const written = { provider: "xai", baseUrl: "https://api.x.ai", account: "key-1a2b" }
  const ref = { ...written, kind: "generation", id: "a3d1", submittedAt: 1_773_297_002_000 } as const
  expect(all[1]).toStrictEqual({
    ...written,
    _tag: "Entry",
    id: "v0-accepted",
    kind: "edit",
    digest: "",
    at: 1_773_297_002_000,
    fate: { _tag: "Accepted", ref: { ...ref, kind: "edit" } }
  })
  expect(all[4]).toStrictEqual({
    ...written,
    _tag: "Entry",
    id: "v1-accepted",
    kind: "generation",
    digest: "00ff",
    at: 1_773_297_005_000,
    batch: "winter",
    key: "owl",
    saveTo: "/films/owl.mp4",
    fate: { _tag: "Accepted", ref }
  })
})
