/** A process of a world, from its start to its end, with what it does and receives: the judge compares that with the mock's own journal. */
import type { JobState } from "@reelay/core"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { World } from "../../src/internal/virtual.ts"
import type * as Plan from "./plan.ts"

/** What a process wants of a job. */
type Purpose = "submit" | "watch" | "resume" | "batch" | "download"

/** The time in which a process wants something of a job. */
export interface Span {
  readonly life: Life
  readonly film: string
  readonly purpose: Purpose
  readonly from: number
  until: number
}

/** What was reported to a process about a submission: a job's id, or an unknown outcome. */
interface Told {
  readonly life: Life
  readonly film: string
  readonly what: { readonly id: string } | "unknown"
  /** It came through an API that promises that the journal has it. */
  readonly durable: boolean
}

interface End {
  readonly life: Life
  readonly film: string
  readonly at: number
  readonly state: JobState.JobState
}

interface Video {
  readonly life: Life
  readonly id: string
  readonly bytes: number
  readonly sha256: string
  /** Where it was saved. */
  readonly path: string | undefined
}

/** Everything that the processes of one world did and received. */
export interface Book {
  readonly spans: Array<Span>
  readonly reported: Array<Told>
  readonly ends: Array<End>
  readonly videos: Array<Video>
  /** Undocumented failures. */
  readonly defects: Array<{ readonly film: string; readonly cause: string }>
  /** Counts of events that the mock does not see. */
  readonly counts: Map<string, number>
}

export const book = (): Book => ({ spans: [], reported: [], ends: [], videos: [], defects: [], counts: new Map() })

export const count = ({ counts }: Book, what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1)

export interface Life {
  readonly name: string
  readonly process: number
  /** No transport fault happens to it. */
  readonly calm: boolean
  readonly alive: () => boolean
  readonly killed: () => boolean
  /** Called at the instant when the process is killed. Returns the unsubscribe function. */
  readonly onDeath: (listener: () => void) => () => void
  /** A moment at which the process may end, if its plan says so. */
  readonly hit: (moment: Plan.Moment) => void
  /** How it ends, if it does not end by itself. */
  readonly over: Deferred.Deferred<Plan.Life["how"]>
  /** The process is gone from this instant: nothing that it still does has an effect. */
  readonly end: (how: "killed" | "stopped" | "done") => void
  /** It wants nothing more. */
  readonly leave: () => void
  /** It wants something of a job, at most until some time. Returns a function that ends that. */
  readonly want: (film: string, purpose: Purpose, until?: number) => () => void
  readonly tell: (film: string, what: Told["what"], durable?: boolean) => void
}

export const life = (
  world: World,
  log: Book,
  given: { readonly name: string; readonly process: number; readonly plan?: Plan.Life | undefined; readonly calm?: boolean }
): Life => {
  const { calm = false, name, plan, process } = given
  const over = Deferred.makeUnsafe<Plan.Life["how"]>()
  const listeners = new Set<() => void>()
  const mine = new Set<Span>()
  const hits = new Map<Plan.Moment, number>()
  let state: "alive" | "killed" | "stopped" | "done" = "alive"

  const leave = (): void => {
    for (const span of mine) span.until = Math.min(span.until, world.now())
    mine.clear()
  }
  const self: Life = {
    name,
    process,
    calm,
    over,
    leave,
    alive: () => state === "alive",
    killed: () => state === "killed",
    onDeath: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    hit: (moment) => {
      const times = (hits.get(moment) ?? 0) + 1
      hits.set(moment, times)
      if (plan === undefined || state !== "alive" || !("moment" in plan.when)) return
      if (plan.when.moment !== moment || plan.when.nth !== times) return
      count(log, `${plan.how === "kill" ? "killed" : "stopped"}: ${moment}`)
      if (plan.how === "kill") self.end("killed")
      // Not inside the caller, which this is going to interrupt.
      queueMicrotask(() => Deferred.doneUnsafe(over, Effect.succeed(plan.how)))
    },
    end: (how) => {
      if (state !== "alive") return
      state = how
      leave()
      for (const listener of Array.from(listeners)) listener()
    },
    want: (film, purpose, until = Number.POSITIVE_INFINITY) => {
      const span: Span = { life: self, film, purpose, from: world.now(), until: self.alive() ? until : world.now() }
      log.spans.push(span)
      mine.add(span)
      return () => {
        span.until = Math.min(span.until, world.now())
        mine.delete(span)
      }
    },
    tell: (film, what, durable = false) => {
      if (self.alive()) log.reported.push({ life: self, film, what, durable })
    }
  }
  return self
}
