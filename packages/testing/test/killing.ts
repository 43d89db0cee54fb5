/** A world in which processes are killed: a mock, one journal, one folder of videos, and their invariants. */
import { FileJournal } from "@reelay/node"
import { Mock } from "@reelay/mock-server"
import { Journal } from "@reelay/core"
import * as Effect from "effect/Effect"
import { fork } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { dirname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { bundled } from "./bundled.ts"
import type { Name } from "./configured.ts"
import type { DiskMoment } from "./moments.ts"
import { directory, later } from "./sockets.ts"
import { nameOf, type Plan, type Told, videoOf } from "./plan.ts"

export type Route = "submit" | "poll" | "file"

/**
 * When a process is killed: a number of milliseconds after it has begun; at a call to the file system; or around a request.
 *
 * `lost`: the request never arrives. `arrives`: it arrives after its sender died. `held`: it is answered, and the answer is not sent.
 * `half`: half of the answer is. `answered`: all of it.
 */
export type Moment =
  | { readonly _tag: "Time"; readonly after: number }
  | ({ readonly _tag: "Disk" } & DiskMoment)
  | ({ readonly _tag: "Wire" } & WireMoment)

export interface WireMoment {
  readonly route: Route
  /** Counted from 1. */
  readonly nth: number
  readonly stage: "lost" | "arrives" | "held" | "half" | "answered"
}

export interface Victim {
  readonly begin: (plan: Plan) => void
  readonly kill: () => Promise<void>
  /** Resolves when its call to the file system waits. */
  readonly waits: Promise<void>
  readonly goOn: () => void
  /** Resolves with its report, or `undefined` if it was killed. Rejects if it ended in another way. */
  readonly ended: Promise<Told | undefined>
}

/** The program that is killed, and what Node keeps of it compiled. */
const program = directory().then((folder) => bundled(new URL("victim.ts", import.meta.url), folder))

/** A process that waits for its instructions. */
const bear = async (): Promise<Victim> => {
  const path = await program
  const child = fork(path, {
    env: { ...process.env, NODE_COMPILE_CACHE: dirname(path) },
    stdio: ["ignore", "ignore", "pipe", "ipc"]
  })
  let said = ""
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (said += chunk))
  let report: Told | undefined
  const gone = new Promise<readonly [number | null, string | null]>((resolve) => {
    child.once("close", (code, signal) => resolve([code, signal]))
  })
  const ended = gone.then(([code, signal]) => {
    if (code === 0 || signal === "SIGKILL") return report
    throw new Error(`a victim ended with ${code ?? signal}: ${said}`)
  })
  ended.catch(() => undefined)
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL")
    await gone
  }
  const waits = new Promise<void>((resolve) => {
    child.on("message", (message) => message === "waits" && resolve())
  })
  const victim: Victim = { begin: (plan) => void child.send(plan), kill, waits, goOn: () => void child.send("go on"), ended }
  return new Promise((resolve, reject) => {
    ended.then(() => reject(new Error("a victim ended before it had begun")), reject)
    child.on("message", (message) => {
      if (message === "ready") resolve(victim)
      else if (isTold(message)) report = message
    })
  })
}

/** The report of a process that lives to its end. */
export const reportOf = async ({ ended }: Victim): Promise<Told> => {
  const report = await ended
  if (report === undefined) throw new Error("a process that should have lived was killed")
  return report
}

const isTold = (message: unknown): message is Told => typeof message === "object" && message !== null && "unknown" in message

const routeOf = ({ method, url = "" }: IncomingMessage): Route =>
  method === "POST" ? "submit" : /^\/files\/|\/content(\?|$)/u.test(url) ? "file" : "poll"

const bodyOf = async (incoming: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> => {
  const chunks: Array<Uint8Array> = []
  for await (const chunk of incoming) if (chunk instanceof Uint8Array) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

/** A moment that has not come after this many milliseconds will not come: then the process is killed by time. */
const patience = 1200

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")

export const world = async (provider: Name) => {
  const root = await directory()
  const [journal, claims, videos] = [join(root, "journal"), join(root, "journal", "claims"), join(root, "videos")]
  mkdirSync(videos)
  const mock = Mock.make({ now: () => Date.now(), duration: 80 })
  /** SHA-256 of the video of each job. */
  const served = new Map<string, string>()
  const counts = { submit: 0, poll: 0, file: 0 }
  let awaited: { readonly moment: WireMoment; readonly kill: () => Promise<void> } | undefined
  const busy = new Set<IncomingMessage>()

  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const closed = new Promise((resolve) => outgoing.once("close", resolve))
    const route = routeOf(incoming)
    counts[route] += 1
    const due = awaited?.moment.route === route && awaited.moment.nth === counts[route] ? awaited : undefined
    const at = async (stage: WireMoment["stage"]): Promise<void> => {
      if (due?.moment.stage === stage) await due.kill()
    }
    const body = await bodyOf(incoming)
    await at("lost")
    if (due?.moment.stage === "lost") return
    await at("arrives")
    const response = await mock.handle(
      new Request(`http://${incoming.headers.host}${incoming.url}`, {
        method: incoming.method ?? "GET",
        headers: Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
        ...(body.byteLength > 0 ? { body } : {})
      })
    )
    const bytes = new Uint8Array(await response.arrayBuffer())
    const job = route === "file" && response.status === 200 ? mock.jobs.find(({ id }) => incoming.url?.includes(id)) : undefined
    if (job !== undefined) served.set(job.id, sha256(bytes))
    await at("held")
    if (outgoing.destroyed) return
    outgoing.writeHead(response.status, Object.fromEntries(response.headers))
    if (due?.moment.stage === "half") {
      await Promise.race([closed, new Promise((resolve) => outgoing.write(bytes.subarray(0, bytes.byteLength >> 1), resolve))])
      await due.kill()
    }
    await Promise.race([closed, new Promise<void>((resolve) => outgoing.end(due?.moment.stage === "half" ? undefined : bytes, resolve))])
    await at("answered")
  }
  const server = createServer((incoming, outgoing) => {
    for (const stream of [incoming, outgoing]) stream.on("error", () => undefined)
    busy.add(incoming)
    answer(incoming, outgoing)
      // A process that died before its whole request arrived sent none.
      .catch(() => undefined)
      .finally(() => {
        busy.delete(incoming)
        outgoing.destroy()
      })
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  later(
    () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      })
  )
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
  const quiet = async (): Promise<void> => {
    while (busy.size > 0) await sleep(1)
  }

  let spare = bear()
  later(async () => (await spare).kill())
  /** The next process starts while this one lives: half of a victim's life is spent on imports. */
  const next = async (): Promise<Victim> => {
    const victim = await spare
    spare = bear()
    spare.catch(() => undefined)
    later(async () => victim.kill())
    return victim
  }
  const planned = (plan: Pick<Plan, "batches" | "order" | "singles"> & Partial<Plan>): Plan => ({ provider, url, journal, videos, ...plan })

  /** Runs some processes, the first until the moment, the others until then or a little longer. Returns how many were killed. */
  const kill = async (moment: Moment, plans: ReadonlyArray<Parameters<typeof planned>[0]>): Promise<number> => {
    const victims: Array<Victim> = []
    for (const _ of plans) victims.push(await next())
    const [first] = victims
    if (first === undefined) return 0
    Object.assign(counts, { submit: 0, poll: 0, file: 0 })
    if (moment._tag === "Wire") awaited = { moment, kill: first.kill }
    plans.forEach((plan, index) => {
      victims[index]?.begin(planned({ ...plan, ...(moment._tag === "Disk" && index === 0 ? { disk: moment } : {}) }))
    })
    await Promise.race([first.ended, sleep(moment._tag === "Time" ? moment.after : patience).then(first.kill)])
    for (const victim of victims) await victim.kill()
    awaited = undefined
    await quiet()
    const report = await Promise.all(victims.map(({ ended }) => ended))
    return report.filter((each) => each === undefined).length
  }

  /** A process that lives to its end. */
  const finish = async (batches: Plan["batches"], broken?: Plan["broken"]): Promise<Told> => {
    const victim = await next()
    victim.begin(planned({ order: "resume first", batches, singles: [], broken }))
    return reportOf(victim)
  }

  const entries = (): Promise<ReadonlyArray<Journal.Entry | Journal.Damaged>> => Effect.runPromise(FileJournal.make(journal).entries)
  const jobs = () => mock.jobs.map(({ id, prompt }) => ({ id, name: /^Film (\S+)\./u.exec(prompt)?.[1] ?? prompt }))

  /** The violated invariants. */
  const complaints = async (): Promise<ReadonlyArray<string>> => {
    const all = await entries()
    const wrong: Array<string> = []
    const known = new Map<string, Journal.Entry>()
    for (const entry of all) {
      if (entry._tag === "Damaged") wrong.push(`the entry ${entry.id} is damaged: ${entry.detail}`)
      else if (known.has(nameOf(entry))) wrong.push(`${nameOf(entry)} has two entries`)
      else known.set(nameOf(entry), entry)
    }
    const accepted = new Set<string>()
    for (const { id, name } of jobs()) {
      if (accepted.has(name)) wrong.push(`${name} was submitted twice`)
      accepted.add(name)
      const entry = known.get(name)
      const ref = entry === undefined ? undefined : Journal.refOf(entry)
      if (entry === undefined) wrong.push(`${name} was accepted, and is lost`)
      else if (ref === undefined ? entry.fate._tag === "Closed" : ref.id !== id) wrong.push(`${name} is known by a wrong reference`)
      const path = videoOf(videos, name)
      const whole = existsSync(path) ? sha256(readFileSync(path)) : undefined
      if (whole === undefined ? entry?.fate._tag === "Closed" && entry.fate.end === "Saved" : whole !== served.get(id))
        wrong.push(`${name} has ${whole === undefined ? "no video, and is called saved" : "wrong bytes"}`)
    }
    for (const [name, entry] of known)
      if (Journal.refOf(entry) !== undefined && !accepted.has(name)) wrong.push(`${name} has a reference, and was never accepted`)
    const strange = [
      ...readdirSync(videos).filter((name) => !/\.mp4(\.[\da-f]{8}\.part|\.part\.json)?$/u.test(name)),
      ...(existsSync(journal) ? readdirSync(journal) : []).filter(
        (name) => !/^([\w-]+\.json|\.[\w-]+\.[\da-f-]{36}\.part|claims)$/u.test(name)
      ),
      ...(existsSync(claims) ? readdirSync(claims) : []).filter(
        (name) => !/^([\w-]+\.\d+|alive-[\da-f-]{36}|\.[\w-]+\.[\da-f-]{36})$/u.test(name)
      )
    ]
    return [...wrong, ...strange.map((name) => `there is a strange file, ${name}`)]
  }

  return { journal, claims, videos, next, planned, kill, finish, entries, jobs, complaints }
}

/** Makes every file in a folder look two hours old. */
export const age = (folder: string): void => {
  if (!existsSync(folder)) return
  const then = Date.now() / 1000 - 7200
  for (const found of readdirSync(folder, { withFileTypes: true })) if (found.isFile()) utimesSync(join(folder, found.name), then, then)
}
