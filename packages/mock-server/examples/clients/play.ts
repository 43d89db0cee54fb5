/** Lets a client make a video in a world, and says what came of it. */
import { Mp4, World } from "@reelay/mock-server"
import { setTimeout as sleep } from "node:timers/promises"
import type { Came, Client } from "./client.ts"
import { type Trouble, troubles } from "./faults.ts"

/** After so many milliseconds a client is to give up a job, where it can. */
const deadline = 20_000
/** And with one of which it can't see the end. */
const short = 5000
const endless: ReadonlySet<string> = new Set(["never", "foreign-words", "poll-unaccepted-stall"])

const wordFor = (came: Came): string => {
  if ("link" in came) return "link"
  return Mp4.read(came.bytes)?.intact === true ? "video" : "wrong bytes"
}

const lawsIn = (said: unknown): ReadonlyArray<string> => {
  if (typeof said !== "object" || said === null || !("findings" in said) || !Array.isArray(said.findings))
    throw new Error(`no verdict: ${JSON.stringify(said)}`)
  return said.findings.flatMap(({ breaksOk, law }: { readonly breaksOk: boolean; readonly law: string }) => (breaksOk ? [law] : []))
}

/** Whether what was to go wrong did, as far as it is a fault. */
const isMet = async (base: string, script: object): Promise<boolean> => {
  if (!("faults" in script)) return true
  return /"fault":/u.test(await (await fetch(`${base}/__mock/journal`)).text())
}

/** A line as "video", "link", or "error: lost": what it came to, and what makes the mock's verdict not ok. */
const played = async (client: Client, { id }: Trouble, script: object, url: string): Promise<string> => {
  const world = World.fromJson({ provider: client.provider, script })
  if ("problem" in world) throw new Error(world.problem)
  const base = `${url}/r/${World.toToken(world)}.${encodeURIComponent(client.name.replaceAll(/\W+/g, "-"))}`
  const given = endless.has(id) ? short : deadline
  const outcome = await Promise.race([
    client.make(base, given).then(wordFor, () => "error"),
    // Twice as long is too long, and the rest is for a machine that is busy.
    sleep(given * 2 + 4000, "hangs", { ref: false })
  ])
  if (!(await isMet(base, script))) throw new Error(`${client.name} never met ${id}: the test says nothing`)
  // A link is for somebody else to fetch.
  const said: unknown = await (await fetch(`${base}/__mock/verify${outcome === "link" ? "?allow=unfetched" : ""}`)).json()
  return [outcome, lawsIn(said).join(", ")].filter((text) => text !== "").join(": ")
}

/** Troubles at once: on two cores, more would be late for their own deadlines. */
const atOnce = 3

/** What a client does in each trouble that it can meet. */
export const playAll = async (client: Client, url: string): Promise<Readonly<Record<string, string>>> => {
  const met = troubles.flatMap((trouble) => {
    const script = trouble.script[client.takes]
    return script === undefined ? [] : [{ trouble, script }]
  })
  const lines = new Map<string, string>()
  const left = [...met]
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift())
      lines.set(next.trouble.id, await played(client, next.trouble, next.script, url))
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return Object.fromEntries(met.map(({ trouble: { id } }) => [id, lines.get(id) ?? ""]))
}
