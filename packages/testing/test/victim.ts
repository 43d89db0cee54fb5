/** The program that is killed: it resumes, runs batches, submits jobs of its own, and saves all videos. Its instructions come over IPC. */
import { arm } from "./moments.ts"
import { type Job, JobError, type JobRef, type Journal } from "@reelay/core"
import { createClient, FileJournal } from "@reelay/node"
import * as Effect from "effect/Effect"
import { flushCompileCache } from "node:module"
import { at } from "./configured.ts"
import { type Broken, nameOf, type Plan, promptOf, type Told, videoOf } from "./plan.ts"

const breaking = (journal: Journal.Journal["Service"], broken: Broken | undefined): Journal.Journal["Service"] => {
  switch (broken) {
    case undefined:
      return journal
    case "writes no intent":
      return { ...journal, create: (entry) => (entry.fate._tag === "Intent" ? Effect.succeed(true) : journal.create(entry)) }
    case "sends an intent again":
      return {
        ...journal,
        create: (entry) => Effect.as(journal.write(entry), true),
        read: (id) => Effect.map(journal.read(id), (found) => (found?._tag === "Entry" && found.fate._tag === "Intent" ? undefined : found))
      }
    case "gives a claim to everybody":
      return { ...journal, claim: () => Effect.succeed(true), create: (entry) => Effect.as(journal.write(entry), true) }
  }
}

const run = async (plan: Plan): Promise<Told> => {
  const journal = breaking(FileJournal.make(plan.journal), plan.broken)
  const client = createClient({ provider: at(plan.provider, plan.url), journal, pace: 25, deadline: 30_000, logLevel: "none" })
  const unknown = new Set<string>()
  const errors: Array<string> = []
  const saves: Array<Promise<unknown>> = []

  const failed = (name: string, error: unknown): void => {
    if (error instanceof JobError.JobError && error.reason._tag === "SubmitUnknown") unknown.add(name)
    else if (!(error instanceof JobError.JobFailed)) errors.push(`${name}: ${String(error)}`)
  }
  const pathOf = (name: string): string => videoOf(plan.videos, name)
  const saving = (name: string, ref: JobRef.JobRef): void => {
    const saved = client.attach(ref).then((job) => job.save(pathOf(name)))
    saves.push(saved.catch((error: unknown) => failed(name, error)))
  }

  const resume = async (): Promise<void> => {
    for await (const event of client.resumeAll()) {
      if (event._tag === "Damaged") errors.push(`${event.id} is damaged: ${event.detail}`)
      else if (event._tag === "Error") failed(nameOf(event.entry), event.error)
      else if (event._tag === "State" && event.state._tag === "Succeeded") saving(nameOf(event.entry), event.state.ref)
    }
  }
  const batch = async ([name, keys]: readonly [string, ReadonlyArray<string>]): Promise<void> => {
    const requests = keys.map((key) => [key, { prompt: promptOf(`${name}/${key}`) }] as const)
    const saveTo = (key: string): string => pathOf(`${name}/${key}`)
    for await (const event of client.runAll(requests, { batch: name, concurrency: 3, saveTo })) record(`${name}/${event.key}`, event)
  }
  const record = (name: string, event: Job.BatchEvent): void => {
    if (event._tag === "Error") failed(name, event.error)
    else if (event._tag === "State" && event.state._tag === "Succeeded") saving(name, event.state.ref)
  }
  const single = async (name: string): Promise<void> => {
    try {
      const job = await client.submit({ prompt: promptOf(name) }, { label: name, saveTo: pathOf(name) })
      await job.save(pathOf(name))
    } catch (error) {
      failed(name, error)
    }
  }
  const all = Object.entries(plan.batches)
  const fresh = async (): Promise<void> => void (await Promise.all([...all.map(batch), ...plan.singles.map(single)]))
  if (plan.order === "resume first") {
    await resume()
    // An entry whose video is not saved yet is still held.
    await Promise.all(saves)
  }
  await (plan.order === "at once" ? Promise.all([resume(), fresh()]) : fresh())
  if (plan.order === "batches first") await resume()
  await Promise.all(saves)
  return { unknown: [...unknown].toSorted(), errors }
}

const isPlan = (message: unknown): message is Plan => typeof message === "object" && message !== null && "batches" in message

const live = async (plan: Plan): Promise<void> => {
  arm(plan.disk)
  const report = await run(plan)
  arm(undefined)
  process.send?.(report, () => process.disconnect())
}

process.once("message", (plan) => {
  if (!isPlan(plan)) throw new Error("this is no plan")
  void live(plan)
})
// A killed process could not save its compile cache.
flushCompileCache()
process.send?.("ready")
