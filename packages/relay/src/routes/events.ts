/** Event streams of whole states: one job for `EventSource` and `curl`, or many on one connection. */
import { JobError } from "@reelay/core"
import { isTerminal } from "@reelay/core/JobState"
import * as Cause from "effect/Cause"
import { isRecord, jsonOf } from "../access/body.ts"
import { Refused, refuse } from "../access/refuse.ts"
import { problemOf } from "../jobs/problemOf.ts"
import type { Kept } from "../jobs/Desk.ts"
import { cursorOf, isAfter, isCursor } from "../wire/cursor.ts"
import { event } from "../wire/events.ts"
import type { Problem } from "../wire/Problem.ts"
import type { ProblemEvent } from "../wire/WireState.ts"
import { type Call, jobOf, type Shared, wireJob } from "./Shared.ts"

/** Jobs on one stream. */
const mostJobs = 64

/** `GET /jobs/:id/events` */
export const oneJob = async (shared: Shared, call: Call): Promise<Response> => {
  const { request, route } = call
  const accept = request.headers.get("accept") ?? "*/*"
  if (!/text\/event-stream|text\/\*|\*\/\*/u.test(accept)) throw refuse("NotAcceptable", "This route answers with text/event-stream.")
  const kept = await jobOf(shared, route.job, call.user)
  // EventSource can't set the header the first time, and a query needs no preflight.
  const floor = request.headers.get("last-event-id") ?? new URL(request.url).searchParams.get("lastEventId") ?? undefined
  return streamed(shared, call, [{ name: route.job, floor: floored(floor), kept: Promise.resolve(kept) }])
}

/** `POST /events` with `{ jobs: { <handle>: <cursor or null> } }` */
export const manyJobs = async (shared: Shared, call: Call): Promise<Response> => {
  const { jobs } = await jsonOf(call.request, shared.requestBytes)
  if (!isRecord(jobs))
    throw refuse("BadRequest", "jobs must be an object: the cursor that you have, or null, by the job's name.", {
      field: "jobs",
      rule: "must be an object"
    })
  const names = Object.entries(jobs)
  if (names.length > mostJobs)
    throw refuse("BadRequest", `A stream has at most ${mostJobs} jobs.`, { field: "jobs", rule: `has more than ${mostJobs}` })
  return streamed(
    shared,
    call,
    names.map(([name, floor]) => ({ name, floor: floored(floor), kept: jobOf(shared, name, call.user) }))
  )
}

/** What isn't a cursor is ignored: then all is news. */
const floored = (given: unknown): string | undefined => (typeof given === "string" && isCursor(given) ? given : undefined)

interface Wanted {
  readonly name: string
  readonly floor: string | undefined
  readonly kept: Promise<Kept>
}

const headers = {
  "content-type": "text/event-stream",
  // Proxies that change or hold a stream must not.
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no"
} as const

const streamed = async (shared: Shared, { request, user }: Call, wanted: ReadonlyArray<Wanted>): Promise<Response> => {
  const found = await Promise.all(
    wanted.map(async (each) => ({ ...each, found: await each.kept.catch((error: unknown) => problemBy(error)) }))
  )
  const isKnown = found.every(
    (each) =>
      "handle" in each.found && isTerminal(each.found.handle.current()) && !isAfter(cursorOf(each.found.handle.current()), each.floor)
  )
  if (isKnown) return new Response(null, { status: 204 })
  const leaving: Array<() => void> = []
  const stream = shared.streams.make(user, request.signal, () => {
    for (const leave of leaving.splice(0)) leave()
  })
  let left = found.length
  const over = (): void => {
    left -= 1
    if (left > 0) return
    stream.send("end", event("end", {}))
    stream.end()
  }
  for (const { floor, found: job, name } of found) {
    if (!stream.isOpen) break
    const lost = (problem: Problem): void => {
      const told: ProblemEvent = { ...problem, job: name, final: true }
      stream.send(`problem ${name}`, event("problem", told))
      over()
    }
    if ("handle" in job) {
      let seen = floor
      leaving.push(
        job.watch({
          state: (state) => {
            const cursor = cursorOf(state)
            if (!isAfter(cursor, seen)) return
            seen = cursor
            stream.send(`state ${name}`, event("state", wireJob(shared, name, state), cursor))
          },
          ended: over,
          lost: (cause) => lost(problemBy(Cause.squash(cause)))
        })
      )
    } else lost(job)
  }
  // It may have ended, or been left, while the jobs joined.
  if (!stream.isOpen) for (const leave of leaving.splice(0)) leave()
  return new Response(stream.body, { headers })
}

const problemBy = (error: unknown): Problem => {
  if (error instanceof Refused) return error.problem
  if (error instanceof JobError.JobError) return problemOf(error)
  return refuse("Internal", "The relay failed.", { again: "watch" }).problem
}
