/** Helpers for the tests over real sockets. */
import { createClient as createFetchClient, type PromiseJob } from "@reelay/core/promise"
import type { JobState } from "@reelay/core"
import { createClient as createNodeClient } from "@reelay/node"
import { serve, type MockServer } from "@reelay/mock-server/node"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect } from "vitest"
import { wrong } from "../src/internal/wording.ts"
import { type Configured, names } from "./configured.ts"

export { at, names } from "./configured.ts"

/** A job of 600 ms is polled some ten times. */
const pace = 60

const transports = { node: createNodeClient, fetch: createFetchClient } as const
export type TransportName = keyof typeof transports
export const everywhere = names.flatMap((name) => [
  { name, transport: "node" as const },
  { name, transport: "fetch" as const }
])

const closing: Array<() => Promise<unknown>> = []
afterAll(async () => {
  for (const close of closing.splice(0)) await close()
})

/** Closes something when all tests of the file are over: they run concurrently. */
export const later = (close: () => Promise<unknown>): void => void closing.push(close)

export const served = async (duration = 600): Promise<MockServer> => {
  const server = await serve({ port: 0, duration })
  later(server.close)
  return server
}

export const directory = async (): Promise<string> => {
  const made = await mkdtemp(join(tmpdir(), "reelay-"))
  later(() => rm(made, { recursive: true }))
  return made
}

/** A client of either transport; `deadline` in milliseconds. */
export const client = (transport: TransportName, provider: Configured, deadline = 20_000) =>
  transports[transport]({ provider, pace, deadline, requestTimeout: 5000 })

export const statesOf = async (job: PromiseJob): Promise<ReadonlyArray<JobState.JobState>> => {
  const states: Array<JobState.JobState> = []
  for await (const state of job) states.push(state)
  return states
}

export const tagsOf = (states: ReadonlyArray<JobState.JobState>): ReadonlyArray<string> => [...new Set(states.map(({ _tag }) => _tag))]

export const posts = ({ mock }: MockServer): number => mock.journal.filter(({ route }) => route === "submit").length

/** The reason that a promise rejects with. F23: its message is held to the rules for all. */
export const failure = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise
  } catch (error) {
    if (error instanceof Error && "_tag" in error) expect([error.message, wrong(error.message)]).toEqual([error.message, []])
    return error
  }
  throw new Error("it did not fail")
}
