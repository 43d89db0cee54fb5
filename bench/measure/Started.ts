/** Jobs that were started, and how each of them stands. */
import type { Client, Row } from "../Row.ts"
import type { Control } from "../server/Control.ts"
import { cpu, macrotask, sleep, until } from "./clock.ts"
import type { Cancel } from "./Task.ts"

export interface Surroundings {
  readonly base: string
  readonly control: Control
}

/** How jobs can be stopped: not at all, by a signal of their own each, or by what the library has for it. */
export type StopBy = "nothing" | "signal" | "handle"

interface Options {
  readonly jobs: number
  readonly stopBy: StopBy
  /** Milliseconds over which they are started, evenly, so that polls are spread as well. 0: as soon as may be. */
  readonly spread?: number
  /** The most whose first poll was not answered yet. */
  readonly inFlight?: number
  /** Milliseconds after which no more are started. */
  readonly most?: number
  /** Told of each link. */
  readonly onVideo?: (link: string) => void
  /** Jobs that wait already, which these are added to. */
  readonly onto?: Started
}

export class Started {
  count = 0
  ended = 0
  /** What the first job that failed of itself failed with. */
  failure: unknown
  readonly #stops = new Map<number, () => void>()
  readonly #onVideo: ((link: string) => void) | undefined
  #isStopping = false

  constructor(onVideo: ((link: string) => void) | undefined) {
    this.#onVideo = onVideo
  }

  get waiting(): number {
    return this.count - this.ended
  }

  add(client: Client, stopBy: StopBy): void {
    const at = this.count++
    if (stopBy === "handle" && client.handle !== undefined) {
      const { stop, video } = client.handle()
      this.#stops.set(at, stop)
      this.#follow(at, video)
    } else if (stopBy === "signal") {
      const controller = new AbortController()
      this.#stops.set(at, () => controller.abort())
      this.#follow(at, client.video(controller.signal))
    } else this.#follow(at, client.video())
  }

  /** The harness keeps one promise with two handlers a job: no row can weigh less. */
  #follow(at: number, video: Promise<string>): void {
    video.then(
      (link) => {
        this.#over(at)
        this.#onVideo?.(link)
        return undefined
      },
      (error: unknown) => {
        this.#over(at)
        if (!this.#isStopping) this.failure ??= error
      }
    )
  }

  #over(at: number): void {
    this.ended += 1
    this.#stops.delete(at)
  }

  /** Stops everything that still waits; follows what the server hears for `after` milliseconds. */
  async stop(control: Control, after: number): Promise<Cancel> {
    this.#isStopping = true
    const stops = [...this.#stops.values()]
    globalThis.gc?.()
    await sleep(20)
    const before = cpu()
    const began = performance.now()
    for (const stop of stops) stop()
    await macrotask()
    const late = this.waiting
    let settled: number | null = performance.now() - began
    if (late > 0) settled = (await until(() => this.waiting === 0, after + 5000)) ? performance.now() - began : null
    const spent = (cpu() - before) / 1000
    const moment = Date.now() + 20
    await sleep(after)
    return { jobs: stops.length, cpu: spent, settled, late, requests: (await control.ask({ ask: "since", moment })).requests }
  }
}

/** Starts jobs; resolves once the first poll of each was answered, or its submission, where the first poll comes later. */
export const start = async (row: Row, client: Client, control: Control, options: Options): Promise<Started> => {
  const { inFlight = 256, jobs, most = 60_000, onVideo, onto, spread = 0, stopBy } = options
  const started = onto ?? new Started(onVideo)
  const old = started.count
  const before = await control.ask({ ask: "counts" })
  const through = async (): Promise<number> => {
    const now = await control.ask({ ask: "counts" })
    const submissions = now.submissions - before.submissions
    return row.firstPoll === "at once" ? Math.min(submissions, now.polls - before.polls) : submissions
  }
  const began = performance.now()
  while (started.count - old < jobs && performance.now() - began < most) {
    const free = inFlight - (started.count - old - (await through()))
    const due = spread === 0 ? jobs : Math.min(jobs, Math.ceil(((performance.now() - began) / spread) * jobs))
    for (let left = Math.min(free, due - (started.count - old)); left > 0; left--) started.add(client, stopBy)
    if (started.failure !== undefined) break
    await sleep(2)
  }
  await until(async () => started.failure !== undefined || (await through()) >= started.count - old, 20_000)
  if (started.failure !== undefined) throw new Error(`A job of ${row.title} failed`, { cause: started.failure })
  return started
}
