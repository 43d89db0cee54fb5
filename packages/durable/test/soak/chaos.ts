/** What is done to the workers and the database while they work, by a seed. */
import { setTimeout as sleep } from "node:timers/promises"
import type { Postgres } from "../postgres.ts"
import { hire, type Instructions, type Worker } from "./workers.ts"

/** Repeatable chance: mulberry32, by Tommy Ettinger (public domain). */
export const dice = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export type Deed = "kill" | "freeze" | "stop" | "join" | "restart"

export interface Happened {
  readonly deed: Deed
  readonly at: number
}

/** The workers of a run, of which one or another is gone. */
export class Staff {
  readonly happened: Array<Happened> = []
  private readonly all: Array<Worker> = []
  private readonly given: Instructions
  private readonly server: Postgres | undefined

  constructor(given: Instructions, server?: Postgres) {
    this.given = given
    this.server = server
  }

  async hire(count: number): Promise<void> {
    this.all.push(...(await Promise.all(Array.from({ length: count }, () => hire(this.given)))))
  }

  /** One deed. What leaves is replaced, so that the work goes on. `frozenFor`: milliseconds, longer than every lease. */
  async does(deed: Deed, chance: number, frozenFor: number): Promise<void> {
    this.happened.push({ deed, at: Date.now() })
    const index = Math.floor(chance * this.all.length)
    const worker = this.all[index]
    if (worker === undefined) return
    switch (deed) {
      case "kill":
      case "stop":
        this.all.splice(index, 1)
        worker.child.kill(deed === "kill" ? "SIGKILL" : "SIGTERM")
        await worker.gone
        return this.hire(1)
      case "freeze":
        worker.child.kill("SIGSTOP")
        await sleep(frozenFor)
        return void worker.child.kill("SIGCONT")
      case "join":
        return this.hire(1)
      case "restart":
        return this.server?.restart()
    }
  }

  /** Lets everybody go. */
  async dismiss(): Promise<void> {
    for (const { child } of this.all) child.kill("SIGTERM")
    await Promise.all(this.all.map(({ gone }) => gone))
  }

  get workers(): ReadonlyArray<Worker> {
    return this.all
  }
}
