import { createClient as createClientOver } from "@reelay/core/promise"
import { type Job, type Journal } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { spawn } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, vi } from "vitest"
import { entry, tiny } from "../test/tiny.ts"
import { FileJournal } from "./index.ts"
import { self } from "./internal/holder.ts"

const folder = (): string => join(mkdtempSync(join(tmpdir(), "reelay-journal-")), "state", "journal")

const uuid = "0d9c2f5e-8a54-4c8e-9d0b-3f8d1f0a7b11"
const run = Effect.runPromise
const namesOf = async (place: string) => (await run(FileJournal.make(place).entries)).map(({ _tag, id }) => `${_tag} ${id}`)

describe("a journal of files", () => {
  it("is created with the first entry, one file each, readable by its owner only", async () => {
    const place = folder()
    const journal = FileJournal.make(place)
    expect([await run(journal.entries), existsSync(place)]).toStrictEqual([[], false])
    await run(journal.write(entry))
    await run(journal.write({ ...entry, id: "0kx-2", at: 2000 }))
    expect(readdirSync(place)).toStrictEqual(["0kx-1.json", "0kx-2.json"])
    expect([statSync(place).mode & 0o777, statSync(join(place, "0kx-1.json")).mode & 0o777]).toStrictEqual([0o700, 0o600])
    expect(await run(FileJournal.make(place).entries)).toStrictEqual([entry, { ...entry, id: "0kx-2", at: 2000 }])
    await run(journal.remove("0kx-1"))
    expect(await namesOf(place)).toStrictEqual(["Entry 0kx-2"])
  })

  it("a damaged, half-written or foreign file keeps no other from being read", async () => {
    const place = folder()
    await run(FileJournal.make(place).write(entry))
    writeFileSync(join(place, "cut.json"), readFileSync(join(place, "0kx-1.json"), "utf8").slice(0, 40))
    writeFileSync(join(place, "empty.json"), "")
    writeFileSync(join(place, ".0kx-3.json.part"), "{")
    writeFileSync(join(place, "notes.txt"), "mine")
    expect((await namesOf(place)).toSorted()).toStrictEqual(["Damaged cut", "Damaged empty", "Entry 0kx-1"])
  })

  it("a folder that can't be written says why, and stops a submission before a byte is sent", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "reelay-journal-")), "file")
    writeFileSync(file, "")
    let sent = 0
    const fetch: typeof globalThis.fetch = () => {
      sent += 1
      return Promise.resolve(new Response(""))
    }
    const provider = tiny()({ apiKey: "sk-test-1234" })
    const client = createClientOver({ provider, fetch, journal: FileJournal.make(join(file, "journal")) })
    await expect(client.submit({})).rejects.toThrow(/ENOTDIR.*Nothing was sent/u)
    expect(sent).toBe(0)
    const events: Array<Job.Resumed> = []
    await expect(
      (async () => {
        for await (const event of createClientOver({ provider, fetch, journal: FileJournal.make("/proc/self/mem") }).resumeAll())
          events.push(event)
      })()
    ).rejects.toThrow(/ENOTDIR|can't be read/u)
  })
})

/** A process that holds an entry until it is killed. */
const holding = async (place: string, id: string) => {
  const program = `
    import { FileJournal } from "@reelay/node"
    import * as Effect from "effect/Effect"
    console.log(await Effect.runPromise(FileJournal.make(${JSON.stringify(place)}).claim(${JSON.stringify(id)})))
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ["--conditions=@reelay/source", "--input-type=module", "-e", program], {
    cwd: import.meta.dirname,
    stdio: ["ignore", "pipe", "inherit"]
  })
  const said = await new Promise<string>((resolve) => child.stdout.once("data", (chunk) => resolve(String(chunk).trim())))
  const kill = () => new Promise((resolve) => child.once("close", resolve) && child.kill("SIGKILL"))
  return { said, kill }
}

describe("processes that share a journal", () => {
  it("an entry that a living process holds is left to it; one that a killed process held is free at once", async () => {
    const place = folder()
    const journal = FileJournal.make(place)
    const other = await holding(place, "a")
    expect(other.said).toBe("true")
    expect(await run(journal.claim("a"))).toBe(false)
    await other.kill()
    expect(await run(journal.claim("a"))).toBe(true)
    // And the next process finds this one.
    const third = await holding(place, "a")
    expect(third.said).toBe("false")
    await third.kill()
    await run(journal.release("a"))
    const fourth = await holding(place, "a")
    expect(fourth.said).toBe("true")
    await fourth.kill()
  })

  it("a killed process that its parent has not waited for holds nothing", async () => {
    const place = folder()
    // The shell becomes a program that never waits for its children.
    const program = `import { FileJournal } from "@reelay/node"; import * as Effect from "effect/Effect"
      console.log(await Effect.runPromise(FileJournal.make(${JSON.stringify(place)}).claim("a")), process.pid); process.kill(process.pid, "SIGKILL")`
    const child = '"$0" --conditions=@reelay/source --input-type=module -e "$1" & exec sleep 1000'
    const shell = spawn("sh", ["-c", child, process.execPath, program], { cwd: import.meta.dirname, stdio: ["ignore", "pipe", "inherit"] })
    const [said, pid] = await new Promise<Array<string>>((resolve) => {
      shell.stdout.once("data", (chunk) => resolve(String(chunk).trim().split(" ")))
    })
    expect(said).toBe("true")
    await vi.waitUntil(() => !existsSync("/proc/self/stat") || / Z /u.test(readFileSync(`/proc/${pid}/stat`, "utf8")), { timeout: 10_000 })
    expect(await run(FileJournal.make(place).claim("a"))).toBe(true)
    shell.kill("SIGKILL")
  })

  it("two journals of one process respect each other, and so do two callers of one", async () => {
    const place = folder()
    const [one, two] = [FileJournal.make(place), FileJournal.make(place)]
    const taken = await Promise.all([one.claim("a"), one.claim("a"), two.claim("a")].map((claim) => run(claim)))
    expect(taken.filter(Boolean)).toHaveLength(1)
  })

  it("of many that claim an entry of a dead holder, one gets it", async () => {
    const place = folder()
    const dead = await holding(place, "a")
    await dead.kill()
    const journals = Array.from({ length: 20 }, () => FileJournal.make(place))
    const taken = await Promise.all(journals.map((journal) => run(journal.claim("a"))))
    expect(taken.filter(Boolean)).toHaveLength(1)
  })

  it("a holder on another machine counts as alive while it gives signs of life", async () => {
    const place = folder()
    const journal = FileJournal.make(place)
    await run(journal.claim("warm"))
    const claims = join(place, "claims")
    writeFileSync(join(claims, "a.1"), JSON.stringify({ id: "afar", where: "elsewhere", pid: 1, started: "5" }))
    writeFileSync(join(claims, "alive-afar"), "")
    expect(await run(journal.claim("a"))).toBe(false)
    const now = statSync(join(claims, "alive-afar")).mtimeMs / 1000
    utimesSync(join(claims, "alive-afar"), now - 61, now - 61)
    // The claim itself was made just now.
    expect(await run(journal.claim("a"))).toBe(false)
    utimesSync(join(claims, "a.1"), now - 61, now - 61)
    expect(await run(journal.claim("a"))).toBe(true)
  })

  it("a holder on another machine gives a sign of life before it claims anything, and only while it holds something", async () => {
    const place = folder()
    const journal = FileJournal.make(place)
    const claims = join(place, "claims")
    expect(await run(journal.claim("warm"))).toBe(true)
    const sign = readdirSync(claims).find((name) => name.startsWith("alive-")) ?? ""
    const [shown, made] = [sign, "warm.1"].map((name) => statSync(join(claims, name)).birthtimeMs)
    expect(shown).toBeLessThanOrEqual(made ?? 0)
    expect(await run(journal.claim("warm"))).toBe(false)
    expect(readdirSync(claims)).toContain(sign)
    await run(journal.release("warm"))
    expect(readdirSync(claims)).toStrictEqual([])
  })

  it("a reader whose clock is hours ahead removes nothing that living processes own", async () => {
    const place = folder()
    const journal = FileJournal.make(place)
    await run(journal.write(entry))
    await run(journal.claim(entry.id))
    const claims = join(place, "claims")
    writeFileSync(join(claims, "a.1"), JSON.stringify({ id: "afar", where: "elsewhere", pid: 1, started: "5" }))
    writeFileSync(join(claims, `alive-${uuid}`), "")
    const before = readdirSync(claims)
    const now = statSync(join(claims, `alive-${uuid}`)).mtimeMs
    const ahead = Effect.andThen(TestClock.setTime(now + 7_200_000), journal.entries).pipe(Effect.provide(TestClock.layer()))
    expect(await run(ahead)).toHaveLength(1)
    expect(readdirSync(claims)).toStrictEqual(before)
    expect(readdirSync(place).toSorted()).toStrictEqual(["0kx-1.json", "claims"])
  })

  it("a reused process id holds nothing, nor does a claim that can't be read", async () => {
    const place = folder()
    const journal = FileJournal.make(place)
    await run(journal.claim("warm"))
    const claims = join(place, "claims")
    const mine: Record<string, unknown> = JSON.parse(readFileSync(join(claims, "warm.1"), "utf8"))
    writeFileSync(join(claims, "reborn.1"), JSON.stringify({ ...mine, id: "another" }))
    writeFileSync(join(claims, "reused.1"), JSON.stringify({ ...mine, id: "another", pid: process.ppid, started: "1" }))
    writeFileSync(join(claims, "torn.1"), "{")
    for (const id of ["reborn", "reused", "torn"]) expect([id, await run(journal.claim(id))]).toStrictEqual([id, true])
  })

  it("a claim that fails half-way has no owner", async () => {
    const place = folder()
    const journal = FileJournal.make(place)
    const claims = join(place, "claims")
    const sign = join(claims, `alive-${self().id}`)
    mkdirSync(sign, { recursive: true })
    expect((await run(Effect.flip(journal.claim("a")))).detail).toContain("can't be claimed")
    expect(readdirSync(claims)).toStrictEqual([`alive-${self().id}`])
    rmSync(sign, { recursive: true })
    expect(await run(journal.claim("a"))).toBe(true)
  })
})

/** Makes a file look this many minutes old. */
const since = (path: string, minutes: number): void => {
  const then = Date.now() / 1000 - minutes * 60
  utimesSync(path, then, then)
}

describe("what killed processes leave", () => {
  const ref = { provider: "fake", kind: "generation", id: "j1", baseUrl: "https://api.fake.test", submittedAt: 0 } as const
  const closed: Journal.Entry = { ...entry, id: "done", fate: { _tag: "Closed", ref, end: "Saved", at: 0 } }
  it("partial entries are removed an hour later, and nothing else is", async () => {
    const place = folder()
    const journal = FileJournal.make(place)
    await run(journal.write(entry))
    const names = [`.0kx-2.${uuid}.part`, `.0kx-3.${uuid}.part`, "mine.part", "film.mp4.00112233.part", ".hidden"]
    for (const name of names) writeFileSync(join(place, name), "{")
    for (const name of [...names.filter((each) => !each.startsWith(".0kx-3")), "0kx-1.json"]) since(join(place, name), 61)
    since(join(place, `.0kx-3.${uuid}.part`), 59)
    expect(await namesOf(place)).toStrictEqual(["Entry 0kx-1"])
    expect(readdirSync(place)).toStrictEqual([
      ".0kx-3.0d9c2f5e-8a54-4c8e-9d0b-3f8d1f0a7b11.part",
      ".hidden",
      "0kx-1.json",
      "film.mp4.00112233.part",
      "mine.part"
    ])
  })

  it("claims of dead holders are removed once their entry is closed; those of living ones, and to open entries, are not", async () => {
    const place = folder()
    const journal = FileJournal.make(place)
    const claims = join(place, "claims")
    for (const each of [closed, { ...closed, id: "held" }, { ...closed, id: "fresh" }, entry]) await run(journal.write(each))
    await run(journal.claim("held"))
    const mine: Record<string, unknown> = JSON.parse(readFileSync(join(claims, "held.1"), "utf8"))
    const dead = JSON.stringify({ ...mine, id: "another" })
    const left = ["done.1", "done.2", "0kx-1.1", "unknown.1", `alive-${uuid}`, `.done.${uuid}`]
    for (const name of left) writeFileSync(join(claims, name), dead)
    for (const name of [...left, "held.1"]) since(join(claims, name), 61)
    writeFileSync(join(claims, "fresh.1"), dead)
    await run(journal.entries)
    const sign = readdirSync(claims).filter((name) => name.startsWith("alive-"))
    expect(sign).toStrictEqual([`alive-${String(mine["id"])}`])
    expect(readdirSync(claims).filter((name) => !sign.includes(name))).toStrictEqual(["0kx-1.1", "fresh.1", "held.1", "unknown.1"])
    expect([await run(journal.claim("0kx-1")), await run(journal.claim("held"))]).toStrictEqual([true, false])
  })

  it.each([undefined, "", "  ", null, { folder: "journal" }, 7])("F20: whose folder is %j is refused at once", (place) => {
    for (const make of [FileJournal.make, FileJournal.layer]) {
      const made = (): unknown => Reflect.apply(Object(make), undefined, [place])
      expect(made).toThrow(RangeError)
      expect(made).toThrow("FileJournal: folder must be a text that isn't empty")
    }
  })
})
