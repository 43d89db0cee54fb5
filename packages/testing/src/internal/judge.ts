/** Questions about a play, and its picture. */
import type { JobState } from "@reelay/core"
import * as Timeline from "../Timeline.ts"
import type { Play, Sent, Visit } from "./play.ts"

export const polls = ({ sent }: Play): ReadonlyArray<Sent> => sent.filter(({ method }) => method === "GET")

/** The spans with at least one watcher. */
export const watched = ({ visits }: Play): ReadonlyArray<{ readonly from: number; readonly until: number }> => {
  const spans: Array<{ from: number; until: number }> = []
  for (const { joined, left } of visits.toSorted((a, b) => a.joined - b.joined)) {
    const last = spans.at(-1)
    if (last === undefined || joined > last.until) spans.push({ from: joined, until: left })
    else last.until = Math.max(last.until, left)
  }
  return spans
}

/** A readable play: each watcher's states with the polls below, then one line per request. */
export const picture = (play: Play): string => {
  const all = polls(play)
  const views = play.visits.map((visit, index) => `watcher ${index + 1}\n${view(visit, all, play.scenario.pace)}`)
  const lines = play.sent.slice(0, 40).map((each) => line(each))
  const more = play.sent.length > 40 ? [`… and ${play.sent.length - 40} more`] : []
  return [`${play.provider.name}, deadline ${play.since + play.scenario.deadline} ms`, ...views, ...lines, ...more].join("\n")
}

const view = ({ end, joined, left, states }: Visit, all: ReadonlyArray<Sent>, pace: number): string =>
  Timeline.draw({
    states,
    polls: all
      .filter(({ begun }) => begun >= joined && begun <= left)
      .map(({ aborted, begun, status = 0 }) => ({
        at: begun,
        outcome: aborted === undefined ? (status >= 200 && status < 300 ? "answered" : "failed") : "aborted"
      })),
    ...(typeof end === "object" ? { failedAt: left } : {}),
    unit: pace / 2
  })

const line = ({ aborted, answered, begun, method, path, retryAfter, status }: Sent): string =>
  `${String(begun).padStart(8)} ms  ${method} ${path} -> ${aborted === undefined ? `${status ?? "?"} at ${answered ?? "?"} ms` : `aborted at ${aborted} ms`}${
    retryAfter === undefined ? "" : `, retry after ${retryAfter} ms`
  }`

/** Every two consecutive states of one watcher. */
export const pairs = ({ visits }: Play): ReadonlyArray<readonly [JobState.JobState, JobState.JobState]> =>
  visits.flatMap(({ states }) =>
    states.slice(1).flatMap(({ state }, index) => {
      const before = states[index]
      return before === undefined ? [] : [[before.state, state] as const]
    })
  )

/** Everything that the caller received, except artifacts' URLs. */
export const said = ({ failure, ref, visits }: Play): ReadonlyArray<string> => [
  JSON.stringify(ref) ?? "",
  ...spoken(failure),
  ...visits.flatMap(({ end, states }) => [
    ...(typeof end === "object" ? spoken(end.error) : []),
    ...states.map(({ state }) =>
      JSON.stringify({ ...state, ...(state._tag === "Succeeded" ? { artifacts: state.artifacts.map(({ kind }) => kind) } : {}) })
    )
  ])
]

const spoken = (error: unknown): ReadonlyArray<string> => [
  String(error),
  JSON.stringify(error) ?? "",
  error instanceof Error ? (error.stack ?? "") : ""
]
