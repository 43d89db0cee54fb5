/** The judge of a world. It takes what happened at the provider from the mock's own journal and jobs, and from the processes only what they wanted and received. */
import { Journal } from "@reelay/core"
import type { Entry, Mock } from "@reelay/mock-server"
import { tagsOf } from "../../src/internal/endings.ts"
import { grouped } from "./grouped.ts"
import type { Life, Span } from "./life.ts"
import { epoch, filmIn, sha256, stamp } from "./network.ts"
import type { Played } from "./play.ts"
import { entries } from "./store.ts"

export type Rule =
  | "lost"
  | "double submission"
  | "request after leaving"
  | "open handle"
  | "wrong end"
  | "end not found"
  | "wrong video"
  | "followed twice"
  | "key to a file"
  | "defect"

export interface Violation {
  readonly rule: Rule
  readonly film: string
  readonly what: string
}

/** Times of the monotonic clock are floating point. */
const near = 0.001

export const judge = (played: Played): ReadonlyArray<Violation> => [
  ...lost(played),
  ...undurable(played),
  ...doubled(played),
  ...late(played),
  ...open(played),
  ...wrongEnds(played),
  ...unfinished(played),
  ...wrongVideos(played),
  ...twice(played),
  ...leaks(played),
  ...played.log.defects.map(({ cause, film }): Violation => ({ rule: "defect", film, what: cause }))
]

export const filmOf = (job: Mock.JobView): string => filmIn(job.prompt) ?? "?"

/** Jobs with a known end: a watcher saw it, or the journal has it. */
export const ended = ({ jobs, log, store }: Played): ReadonlyArray<Mock.JobView> => {
  const known = new Set([
    ...log.ends.map(({ state }) => state.ref.id),
    ...entries(store).flatMap((entry) => (entry._tag === "Entry" && entry.fate._tag === "Closed" ? [entry.fate.ref.id] : []))
  ])
  return jobs.filter(({ id }) => known.has(id))
}

/** Accepted, but neither a living process nor the journal knows the reference, and its outcome was not reported as unknown. */
const lost = ({ jobs, log, store }: Played): ReadonlyArray<Violation> => {
  // What was reported to a killed process died with it.
  const reported = log.reported.filter(({ life }) => !life.killed())
  const ids = new Set(reported.flatMap(({ what }) => (what === "unknown" ? [] : [what.id])))
  for (const entry of entries(store)) {
    const ref = entry._tag === "Entry" ? Journal.refOf(entry) : undefined
    if (ref !== undefined) ids.add(ref.id)
  }
  const unknown = new Set(reported.flatMap(({ film, what }) => (what === "unknown" ? [film] : [])))
  return jobs
    .filter((job) => !ids.has(job.id) && !unknown.has(filmOf(job)))
    .map((job) => ({ rule: "lost", film: filmOf(job), what: `${job.provider} has the job ${job.id}, and no process received it` }))
}

/** A handle was given, and the journal does not have its reference. */
const undurable = ({ log, store }: Played): ReadonlyArray<Violation> => {
  const kept = new Set(entries(store).flatMap((entry) => (entry._tag === "Entry" ? [Journal.refOf(entry)?.id] : [])))
  const missing = new Map<string, Violation>()
  for (const { durable, film, life, what } of log.reported) {
    if (!durable || what === "unknown" || kept.has(what.id)) continue
    missing.set(what.id, { rule: "lost", film, what: `${life.name} was given ${what.id}, and the journal does not have it` })
  }
  return [...missing.values()]
}

const doubled = ({ jobs }: Played): ReadonlyArray<Violation> =>
  [...grouped(jobs, filmOf)]
    .filter(([, all]) => all.length > 1)
    .map(([film, all]) => ({
      rule: "double submission",
      film,
      what: `${all.length} jobs were made of it: ${all.map(({ createdAt, id }) => `${id} at ${createdAt}`).join(", ")}`
    }))

/** The sender and time of a request, from the mock's journal. */
const sent = ({ headers }: Entry): { readonly begun: number; readonly film: string; readonly life: string } => {
  const [begun = "", film = "", ...life] = (headers[stamp] ?? "").split(" ")
  return { begun: Number(begun), film, life: life.join(" ") }
}

/** Requests that began, or arrived, when the process that sent them wanted nothing of that job. */
const late = ({ jobs, journal, log }: Played): ReadonlyArray<Violation> => {
  const spans = grouped(log.spans, ({ film, life }) => `${film} ${life.name}`)
  const films = new Map(jobs.map((job) => [job.id, filmOf(job)]))
  return journal.flatMap((entry): ReadonlyArray<Violation> => {
    const { begun, film: posted, life } = sent(entry)
    const film = entry.route === "submit" ? posted : films.get(entry.jobId ?? "")
    const wanted = (at: number): boolean =>
      (spans.get(`${film} ${life}`) ?? []).some(({ from, until }) => at >= from - near && at <= until + near)
    // A submission in flight is never aborted.
    const arrived = entry.route === "submit" ? begun : entry.at - epoch
    if (wanted(begun) && wanted(arrived)) return []
    const what = `${life} sent ${entry.method} ${entry.path} at ${begun} ms, arrived at ${arrived} ms, and wanted: ${described(spans.get(`${film} ${life}`) ?? [])}`
    return [{ rule: "request after leaving", film: film ?? "?", what }]
  })
}

const described = (spans: ReadonlyArray<Span>): string =>
  spans.map(({ from, purpose, until }) => `${purpose} ${from} to ${until}`).join(", ") || "nothing"

const open = ({ open: left }: Played): ReadonlyArray<Violation> =>
  Object.entries(left)
    .filter(([, count]) => count !== 0)
    .map(([name, count]) => ({ rule: "open handle", film: "", what: `${count} ${name} are open after all has ended` }))

const wrongEnds = ({ jobs, log }: Played): ReadonlyArray<Violation> =>
  log.ends.flatMap(({ at, film, life, state }): ReadonlyArray<Violation> => {
    const job = jobs.find(({ id }) => id === state.ref.id)
    const allowed: ReadonlyArray<string> = job === undefined ? [] : tagsOf[job.script.ending]
    if (allowed.includes(state._tag) && job !== undefined) {
      const over = job.createdAt - epoch + job.life.end
      return at >= over ? [] : [{ rule: "wrong end", film, what: `${state._tag} at ${at} ms, and the job ends at ${over} ms` }]
    }
    return [{ rule: "wrong end", film, what: `${life.name} was shown ${state._tag}, and the provider says ${job?.script.ending}` }]
  })

/** What the last process must have cleaned up: each ended job in the journal is closed, and each video to save is saved. */
const unfinished = ({ disk, jobs, store }: Played): ReadonlyArray<Violation> =>
  entries(store).flatMap((entry): ReadonlyArray<Violation> => {
    if (entry._tag === "Damaged") return [{ rule: "end not found", film: entry.id, what: `the entry ${entry.detail}` }]
    const film = entry.label ?? ""
    const ref = Journal.refOf(entry)
    const job = jobs.find(({ id }) => id === ref?.id)
    if (ref !== undefined && job === undefined) return [{ rule: "end not found", film, what: `the mock knows no job ${ref.id}` }]
    if (entry.fate._tag === "Closed") {
      const unsaved = entry.fate.end === "Saved" && entry.saveTo !== undefined && !disk.files.has(entry.saveTo)
      return unsaved ? [{ rule: "wrong video", film, what: `the journal says that ${entry.saveTo} was saved, and it is not there` }] : []
    }
    if (job === undefined || job.script.ending === "never") return []
    // A link that never becomes valid, or leads nowhere, can't be followed.
    const isClosed = job.script.faults.some(({ name }) => name === "url-needs-key" || name === "redirect-loop")
    const cannot =
      entry.saveTo !== undefined &&
      (job.script.ending === "expired" || job.script.ending === "no-url" || job.script.ending === "delivered" || isClosed)
    return cannot ? [] : [{ rule: "end not found", film, what: `the entry is ${entry.fate._tag}, and the job ${job.script.ending}` }]
  })

const wrongVideos = ({ disk, jobs, log, videos }: Played): ReadonlyArray<Violation> => {
  const served = (id: string): ReadonlySet<string> =>
    new Set([...videos].filter(([path]) => path.includes(id)).flatMap(([, digests]) => Array.from(digests)))
  return log.videos.flatMap(({ bytes, id, life, path, sha256: digest }): ReadonlyArray<Violation> => {
    const film = path ?? id
    // The mock itself serves wrong bytes that can't be told from right ones.
    const isSpoilt = jobs.some((job) => job.id === id && job.script.faults.some(({ name }) => name === "corrupted" || name === "truncated"))
    if (isSpoilt) return []
    if (!served(id).has(digest))
      return [{ rule: "wrong video", film, what: `${life.name} got ${bytes} bytes, which the mock did not serve` }]
    const there = path === undefined ? undefined : disk.files.get(path)
    if (path !== undefined && (there === undefined || sha256(there.bytes) !== digest)) {
      return [{ rule: "wrong video", film, what: `what stands at ${path} is not what ${life.name} has saved` }]
    }
    return []
  })
}

/** One process at a time follows an entry: the one that resumes it, or that runs its batch, holds it. */
const twice = ({ log }: Played): ReadonlyArray<Violation> =>
  [
    ...grouped(
      log.spans.filter(({ purpose }) => purpose === "resume"),
      ({ film }) => film
    )
  ].flatMap(([film, spans]) => {
    const sorted = spans.toSorted((one, other) => one.from - other.from)
    return sorted.slice(1).flatMap((span, index): ReadonlyArray<Violation> => {
      const before = sorted[index]
      if (before === undefined || span.from >= before.until - near) return []
      return [
        {
          rule: "followed twice",
          film,
          what: `by ${named(before.life)} to ${before.until} ms, and by ${named(span.life)} from ${span.from} ms`
        }
      ]
    })
  })

const named = ({ name }: Life): string => name

const leaks = ({ journal }: Played): ReadonlyArray<Violation> =>
  journal.filter(({ keySent }) => keySent === true).map(({ path }) => ({ rule: "key to a file", film: "", what: path }))
