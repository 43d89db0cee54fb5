/** What was learned of how long jobs take: a record of plain JSON, and pure functions over it. */
import type { JobRef } from "../job/JobRef.ts"
import { longest, type Sample } from "./law.ts"
import { recent } from "./recent.ts"

/**
 * When jobs of each sort were seen to end, the last 256 at most.
 *
 * @category models
 * @since 0.2.0
 */
export interface Learned {
  readonly version: 1
  /** By sort, the one learned of last at the end: `from` and `to` of each job in turn, the oldest first, in milliseconds since its submission. */
  readonly jobs: Readonly<Record<string, ReadonlyArray<number>>>
}

/** @category constants */
export const empty: Learned = { version: 1, jobs: {} }

/** Jobs that are kept of a sort. */
const most = 256

/** Sorts that are kept. The one of which nothing was learned for longest goes first. */
const mostSorts = 32

/** With this many of its own, a sort needs no others. */
const enough = 5

/** Ages are kept in tenths of a second. */
const step = 100

/** Jobs that take about as long as each other: those of one provider, kind, model and length. */
export const sortOf = ({ kind, model, provider, seconds }: Pick<JobRef, "kind" | "model" | "provider" | "seconds">): string =>
  [provider, kind, model ?? "", seconds ?? ""].map((part) => encodeURIComponent(part)).join("/")

/** Adds when a job was seen to end. What can't be a duration changes nothing. */
export const learn = (learned: Learned, sort: string, { from, to }: Sample): Learned => {
  const sample = { from: Math.floor(from / step) * step, to: Math.ceil(to / step) * step }
  if (!(from >= 0 && to > from && to <= longest)) return learned
  const kept = recent([...samplesIn(learned.jobs[sort]), sample]).slice(-most)
  const others = Object.entries(learned.jobs).filter(([each]) => each !== sort)
  return { version: 1, jobs: Object.fromEntries([...others.slice(1 - mostSorts), [sort, kept.flatMap((each) => [each.from, each.to])]]) }
}

/** When such jobs were seen to end, the last one at the end. Of a new sort the nearest ones stand in: first of the same model, then of the provider. */
export const samplesOf = ({ jobs }: Learned, sort: string): ReadonlyArray<Sample> => {
  const own = samplesIn(jobs[sort])
  if (own.length >= enough) return own
  const parts = sort.split("/")
  const near = (count: number): ReadonlyArray<Sample> =>
    Object.entries(jobs).flatMap(([each, ages]) =>
      each !== sort && parts.slice(0, count).every((part, index) => each.split("/")[index] === part) ? samplesIn(ages).slice(-enough) : []
    )
  const missing = enough - own.length
  const sameModel = near(3)
  return [...(sameModel.length > 0 ? sameModel : near(1)).slice(-missing), ...own]
}

const samplesIn = (ages: ReadonlyArray<number> = []): ReadonlyArray<Sample> =>
  Array.from({ length: ages.length >> 1 }, (_, index) => ({ from: ages[2 * index] ?? 0, to: ages[2 * index + 1] ?? 0 }))

/**
 * Reads what `JSON.stringify` made of a record. Total. `Newer`: a later version has written it, and it must be left alone. What is damaged is as
 * nothing.
 *
 * @category converting
 * @since 0.2.0
 */
export const fromText = (text: string | null | undefined): Learned | "Newer" => {
  let json: unknown
  try {
    json = JSON.parse(text ?? "null")
  } catch {
    return empty
  }
  if (typeof json !== "object" || json === null || !("version" in json)) return empty
  if (typeof json.version === "number" && json.version > 1) return "Newer"
  if (json.version !== 1 || !("jobs" in json) || typeof json.jobs !== "object" || json.jobs === null) return empty
  return { version: 1, jobs: Object.fromEntries(Object.entries(json.jobs).filter(isSort).slice(-mostSorts)) }
}

const isSort = (entry: [string, unknown]): entry is [string, ReadonlyArray<number>] => {
  const [sort, ages] = entry
  return (
    sort.split("/").length === 4 &&
    Array.isArray(ages) &&
    ages.length <= 2 * most &&
    ages.length % 2 === 0 &&
    ages.every((age: unknown, index) => isAge(age) && (index % 2 === 0 || age > Number(ages[index - 1])))
  )
}

const isAge = (age: unknown): age is number => typeof age === "number" && age >= 0 && age <= longest + step
