/** What the console shows, as one document. */
import { shown } from "../../base/shown.ts"
import type { Mode } from "../../base/time.ts"
import type { JobView } from "../../judge/JobView.ts"
import * as Ledger from "../../judge/Ledger.ts"
import * as Verdict from "../../judge/Verdict.ts"
import type { Waiting } from "../../script/choice.ts"
import * as Script from "../../script/Script.ts"
import { ageOf, type Jobs, type Tracked } from "../../serve/jobs.ts"
import type { Entry, Journal } from "../../serve/Journal.ts"
import { routeOf } from "../../serve/route.ts"
import type { Mock } from "../contract.ts"
import type { Pulse } from "./pulse.ts"

/** A mock from within: what its console may look at. */
export interface Inside {
  readonly mock: Mock
  readonly jobs: Jobs
  readonly journal: Journal
  readonly waiting: ReadonlyArray<Waiting>
  readonly pulse: Pulse
  readonly seed: string
  /** Of a world: aborted when it is let go. */
  readonly gone?: AbortSignal
}

/** A job, as far as its timeline needs it. Times in milliseconds. */
export interface ShownJob extends Pick<
  JobView,
  "id" | "provider" | "prompt" | "model" | "seconds" | "state" | "createdAt" | "polls" | "fetched"
> {
  readonly age: number
  readonly life: Pick<Script.Life, "phases" | "end" | "ending">
  readonly advances: Script.Script["advances"]
  readonly faults: ReadonlyArray<string>
  readonly endToldAt?: number
  /** Dollars. */
  readonly cost: number
  /** Where its video is, below `/__mock/`. */
  readonly video?: string
}

/** An entry of the journal without what was sent and answered. */
export interface Row extends Pick<
  Entry,
  "at" | "method" | "path" | "route" | "provider" | "status" | "fault" | "cut" | "told" | "keySent"
> {
  /** Its number, by which `/__mock/journal/<n>` has the whole of it. */
  readonly n: number
  readonly jobId?: string
}

export interface State {
  readonly now: number
  readonly mode: Mode
  readonly nextEventIn?: number
  /** The newest first. */
  readonly jobs: ReadonlyArray<ShownJob>
  readonly jobCount: number
  /** The newest first. */
  readonly journal: ReadonlyArray<Row>
  readonly journalCount: number
  /** Dollars. */
  readonly total: number
  readonly findings: ReadonlyArray<Verdict.Finding>
  readonly waiting: ReadonlyArray<{ readonly what: string; readonly left: number }>
  /** How many watch by server-sent events. */
  readonly watching: number
}

/** More than a person looks at. */
const mostJobs = 50
const mostRows = 500

/** After these there is a file; of `no-url` too, though nobody is told where. */
export const hasFile = ({ state }: Pick<JobView, "state">): boolean => state === "succeeded" || state === "no-url"

const jobIdOf = (providers: Mock["providers"], { jobId, path }: Entry): string | undefined => {
  if (jobId !== undefined) return jobId
  const route = routeOf(providers, path)
  return "id" in route ? route.id : undefined
}

const rowOf = (providers: Mock["providers"], entry: Entry, n: number): Row => {
  const { answer: _, authorised: __, body: ___, headers: ____, ...row } = entry
  const jobId = jobIdOf(providers, entry)
  return { ...row, n, ...(jobId === undefined ? {} : { jobId }) }
}

/** A script by its name, or in a few words. */
const inWords = (script: Script.Script): string => {
  const { advances, ending, faults, phases } = script
  const named = Script.library.find((each) => each.script === script)
  if (named !== undefined) return named.name
  return [
    ending,
    phases.length === 0 ? "at once" : "",
    advances === "hand" ? "by hand" : typeof advances === "object" ? `after ${advances.polls} polls` : "",
    ...faults.map(({ name }) => name)
  ]
    .filter((word) => word !== "")
    .join(", ")
}

export const stateOf = ({ jobs, journal, mock, pulse, waiting }: Inside): State => {
  const views = mock.jobs
  const { mode, nextEventIn, now } = mock.clock
  const { lines, total } = Ledger.of(views, now, Ledger.pricesOf(mock.providers))
  const costs = new Map<string, number>(lines.map(({ cost, jobId }) => [jobId, cost]))
  const tracked = new Map<string, Tracked>(jobs.all.map((each) => [each.job.id, each]))
  const first = journal.entries.length - mostRows
  return {
    now,
    mode,
    ...(nextEventIn === undefined ? {} : { nextEventIn }),
    jobs: views
      .slice(-mostJobs)
      .toReversed()
      .flatMap((view): ReadonlyArray<ShownJob> => {
        const its = tracked.get(view.id)
        return its === undefined ? [] : [shownJob(view, its, now, costs.get(view.id) ?? 0)]
      }),
    jobCount: views.length,
    journal: journal.entries
      .slice(-mostRows)
      .map((entry, index) => rowOf(mock.providers, entry, journal.first + Math.max(0, first) + index))
      .toReversed(),
    journalCount: journal.first + journal.entries.length,
    total,
    // Its client may still run.
    findings: Verdict.of(mock, { isOver: false }).findings,
    waiting: waiting.map(({ left, script }) => ({ what: inWords(script), left })),
    watching: pulse.watching
  }
}

const shownJob = (view: JobView, tracked: Tracked, now: number, cost: number): ShownJob => {
  const { createdAt, endToldAt, fetched, id, life, model, polls, prompt, provider, script, seconds, state } = view
  return {
    id,
    provider,
    prompt: String(shown(prompt, tracked.owner)),
    model,
    seconds,
    state,
    createdAt,
    polls,
    fetched,
    age: ageOf(tracked, now),
    cost,
    life: { phases: life.phases, end: life.end, ending: life.ending },
    advances: script.advances,
    faults: script.faults.map(({ name }) => name),
    ...(endToldAt === undefined ? {} : { endToldAt }),
    ...(hasFile(view) ? { video: `jobs/${encodeURIComponent(id)}/video` } : {})
  }
}
