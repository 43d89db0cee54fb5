/**
 * The laws of the engine, over plays against the mock under virtual time.
 *
 * @since 0.1.0
 */
import { Job, JobError, JobState, type Provider, type VideoRequest } from "@reelay/core"
import { type Scenario, scenario } from "./arbitraries/scenario.ts"
import { tagsOf } from "./internal/endings.ts"
import * as Judge from "./internal/judge.ts"
import { type Play, play, type Sent, type Stage } from "./internal/play.ts"
import { same } from "./internal/states.ts"
import { Restless } from "./internal/virtual.ts"
import * as Law from "./Law.ts"

/**
 * What is under test.
 *
 * @category models
 * @since 0.1.0
 */
export interface Engine {
  /** Providers that the mock serves under `/<name>`. */
  readonly providers: ReadonlyArray<Provider.Definition<VideoRequest.VideoRequest>>
  /** Default: `Job.submit`. */
  readonly submit?: Stage["submit"] | undefined
}

/**
 * The laws of the engine, each over arbitrary magic prompts, paces, deadlines, watchers and providers. `@reelay/mock-server` answers as
 * the `fetch` of effect's FetchHttpClient, and Effect's TestClock is the time: a play of minutes takes milliseconds.
 *
 * **Example** (Testing the engine with your own provider)
 *
 * ```ts
 * import { definition } from "@reelay/providers/xai"
 * import { engineLaws, Law } from "@reelay/testing"
 * import { describe, it } from "vitest"
 *
 * Law.register(engineLaws({ providers: [definition] }), { describe, it })
 * ```
 *
 * @category laws
 * @since 0.1.0
 */
export const engineLaws = ({ providers, submit = Job.submit }: Engine): ReadonlyArray<Law.Law> => {
  const law = (id: string, name: string, wrong: (seen: Play) => string | undefined, given = scenario): Law.Law =>
    Law.make({ id: `engine/${id}`, name, given, runs: 60, examine: (each) => examine({ providers, submit }, each, wrong) })

  return [
    law("one-submit", "one handle sends one submit, however many subscribe", oneSubmit),
    law("uncut", "a submission is never aborted: its outcome is reported even to a caller that left", uncut, scenario.map(hasty)),
    law("leaving", "after interruption no request starts, and the one in flight is aborted", silence),
    law("pace", "polls keep the pace", pace),
    law(
      "return",
      "a watcher that returns after the deadline polls no earlier than pace and Retry-After allow",
      back,
      scenario.map(impatient)
    ),
    law("deadline", "the deadline is passed by at most one poll", deadline),
    law("life", "the first state is Submitted, at most one state is terminal, and nothing follows it", life),
    law("rank", "rank and progress never fall", rank),
    law("change", "two consecutive states always differ in more than at, polls and raw", change),
    law(
      "unknown",
      "an unknown status never ends a job and never spins",
      unknown,
      scenario.map((each) => faulty(each, "mock:unknown-status"))
    ),
    law("artifact", "Succeeded always has an artifact", artifact),
    law("truth", "a job ends as the provider says, and not before", truth),
    law("ref", "an error after the submission carries the ref", ref),
    law("secrets", "no secret appears in any message or state except artifacts[].url", secrets)
  ]
}

const examine = async (stage: Stage, given: Scenario, wrong: (seen: Play) => string | undefined): Promise<Law.Finding | undefined> => {
  try {
    const seen = await play(stage, given)
    const what = wrong(seen)
    return what === undefined ? undefined : { what, timeline: Judge.picture(seen) }
  } catch (error) {
    if (error instanceof Restless) return { what: error.message }
    throw error
  }
}

const oneSubmit = ({ journal }: Play): string | undefined => {
  const posts = journal.filter(({ route }) => route === "submit").length
  return posts === 1 ? undefined : `the mock got ${posts} submits`
}

const uncut = ({ jobs, reported, scenario: { leave }, sent }: Play): string | undefined => {
  const [post] = sent
  // A caller that leaves in the turn of its call leaves before the submission has begun.
  if (leave === 0) return post === undefined && reported.length === 0 ? undefined : "a submission was sent after its caller had left"
  if (post === undefined) return "nothing was sent"
  if (post.aborted !== undefined) return `the submission was aborted at ${post.aborted} ms`
  const lost = jobs[0]?.script.faults.some(({ name }) => name === "submit-accepted-5xx") === true
  const wanted = lost ? "SubmitUnknown" : jobs[0]?.id
  return reported.length === 1 && reported[0] === wanted ? undefined : `the caller got ${JSON.stringify(reported)}, and it was ${wanted}`
}

const silence = (seen: Play): string | undefined => {
  const spans = Judge.watched(seen)
  for (const { aborted, answered, begun } of Judge.polls(seen)) {
    const span = spans.find(({ from, until }) => begun >= from && begun <= until)
    if (span === undefined) return `a poll began at ${begun} ms, without a watcher`
    const over = answered ?? aborted
    if (over === undefined || over > span.until) {
      return `a poll in flight at ${span.until} ms, when the last watcher left, ${over === undefined ? "was never aborted" : `continued to ${over} ms`}`
    }
  }
  return undefined
}

/** Times of the monotonic clock are floating point. */
const near = 0.001

const pace = (seen: Play): string | undefined => haste(seen, false) ?? late(seen)

const back = (seen: Play): string | undefined => haste(seen, true)

/** Whether a poll comes too soon after the one before it: for watchers that stayed, or for watchers that returned after the deadline. */
const haste = (seen: Play, returned: boolean): string | undefined => {
  const { provider, scenario: given, since } = seen
  const deadlineAt = since + given.deadline
  const ends = deadlines(seen)
  // At the deadline one last poll may come sooner: at once, or, if it aborts one in flight, as soon as the provider's minimum interval allows.
  const atDeadline = Math.min(provider.polling.minInterval, given.pace)
  let last: Sent = { method: "POST", path: "", begun: since, answered: since }
  for (const poll of Judge.polls(seen)) {
    const earliest = (gaveUp(seen, last, poll) ? last.begun : (last.answered ?? last.begun)) + given.pace
    const isLast = ends.some(({ at }) => Math.abs(poll.begun - Math.max(at, last.begun + atDeadline)) < near)
    const least = isLast ? Math.min(earliest, last.begun + atDeadline) : earliest
    const asked = last.answered === undefined ? 0 : last.answered + (last.retryAfter ?? 0)
    if (returned === (poll.begun >= deadlineAt - near && someoneLeft(seen, last, poll))) {
      if (poll.begun < least - near) return `a poll began at ${poll.begun} ms, and the pace allows one at ${least} ms`
      if (poll.begun < asked - near) return `a poll began at ${poll.begun} ms, and Retry-After allows one at ${asked} ms`
    }
    last = poll
  }
  return undefined
}

/** Jobs at a provider that rate-limits, and a watcher that returns after the deadline. */
const impatient = (each: Scenario): Scenario => {
  const deadlineAt = Math.min(each.deadline, 4 * each.pace)
  return {
    ...faulty(each, "mock:rate-limited"),
    deadline: deadlineAt,
    windows: [...each.windows, { from: 0 }, { from: deadlineAt + each.pace / 2, span: each.pace }]
  }
}

/** The same with one more word in the prompt. */
const faulty = (each: Scenario, word: string): Scenario => ({ ...each, words: [...new Set([...each.words, word])] })

/** Callers that leave while their submission is in flight. */
const hasty = (each: Scenario): Scenario => ({ ...each, latency: 3000, leave: each.pace === 1000 ? 0 : each.pace / 5, windows: [] })

/** Whether a watcher left between two polls, so that another may have polled next. */
const someoneLeft = ({ visits }: Play, before: Sent, poll: Sent): boolean =>
  visits.some((visit) => visit.left >= before.begun - near && visit.left <= poll.begun + near)

/** Whether the watcher gave up between two polls: then the pace counts from the beginning of the first. */
const gaveUp = (seen: Play, before: Sent, poll: Sent): boolean =>
  someoneLeft({ ...seen, visits: seen.visits.filter(({ end }) => typeof end === "object") }, before, poll)

/** A watcher that stays sees a job without faults at the pace, and no slower. */
const late = (seen: Play): string | undefined => {
  const { scenario: given, visits } = seen
  const calm =
    given.words.filter((each) => each !== "mock:unknown-status").length === 1 &&
    given.latency === 0 &&
    visits.length === 1 &&
    !given.words.includes("mock:no-url")
  const all = Judge.polls(seen)
  if (!calm) return undefined
  for (const [index, { begun }] of all.entries()) {
    const before = all[index - 1]
    if (before !== undefined && begun - before.begun > given.pace + near) return `there was no poll from ${before.begun} to ${begun} ms`
  }
  return undefined
}

const exceeded = ({ end }: Play["visits"][number]): boolean =>
  typeof end === "object" && end.error instanceof JobError.JobError && end.error.reason._tag === "DeadlineExceeded"

/** The deadlines of a play, and how long each holds: the first watcher after a reported deadline has a new one. */
const deadlines = ({ scenario: given, since, visits }: Play): ReadonlyArray<{ readonly at: number; readonly until: number }> => {
  const all: Array<{ at: number; until: number }> = [{ at: since + given.deadline, until: Number.POSITIVE_INFINITY }]
  for (;;) {
    const last = all.at(-1)
    const reported = visits.filter((visit) => exceeded(visit) && last !== undefined && visit.left >= last.at - near)
    const reportedAt = Math.min(...reported.map(({ left }) => left))
    // A watcher that joins and gets the error in one moment is not the next.
    const after = visits.filter((visit) => visit.joined >= reportedAt && !(exceeded(visit) && visit.left <= reportedAt))
    const next = Math.min(...after.map(({ joined }) => joined))
    if (last === undefined || !Number.isFinite(next)) return all
    last.until = reportedAt
    all.push({ at: next + given.deadline, until: Number.POSITIVE_INFINITY })
  }
}

const deadline = (seen: Play): string | undefined => {
  const { visits } = seen
  const leaving = visits.filter(({ end }) => typeof end !== "object")
  // A poll that was aborted because the last watcher left reported nothing: the next watcher still has its last poll.
  const polls = Judge.polls(seen).filter(
    ({ aborted }) => !leaving.some(({ left }) => aborted !== undefined && Math.abs(aborted - left) < near)
  )
  for (const { at, until } of deadlines(seen)) {
    const beyond = polls.filter(({ begun }) => begun >= at - near && begun <= until).length
    if (beyond > 1) return `${beyond} polls began at or after the deadline at ${at} ms`
    // The last poll has 10 s for its answer.
    const overdue = visits.find(({ joined, left }) => joined <= at && left > at + 10_000 + near && left <= until + near)
    if (overdue !== undefined) return `a watcher was kept until ${overdue.left} ms, and the deadline was at ${at} ms`
  }
  return undefined
}

const life = ({ ref: made, visits }: Play): string | undefined => {
  const first = visits.toSorted((a, b) => a.joined - b.joined)[0]
  if (made !== undefined && first !== undefined && first.states[0]?.state._tag !== "Submitted")
    return `the first state is ${first.states[0]?.state._tag}`
  for (const { end, states } of visits) {
    const index = states.findIndex(({ state }) => JobState.isTerminal(state))
    const after = states[index + 1]
    if (index >= 0 && after !== undefined) return `${after.state._tag} follows ${states[index]?.state._tag}`
    if (index >= 0 && end !== "completed") return "the stream continues after a terminal state"
    if (index < 0 && end === "completed") return "the stream ends without a terminal state"
  }
  const ends = new Set(
    visits.flatMap(({ states }) => states.filter(({ state }) => JobState.isTerminal(state)).map(({ state }) => state._tag))
  )
  return ends.size > 1 ? `watchers saw ${[...ends].join(" and ")}` : undefined
}

const rank = (seen: Play): string | undefined => {
  for (const [before, after] of Judge.pairs(seen)) {
    if (JobState.rank(after) < JobState.rank(before)) return `${after._tag} follows ${before._tag}`
    if (before._tag === "Running" && after._tag === "Running" && (after.progress ?? 0) < (before.progress ?? 0)) {
      return `progress falls from ${before.progress} to ${after.progress}`
    }
  }
  return undefined
}

const change = (seen: Play): string | undefined => {
  const found = Judge.pairs(seen).find(([before, after]) => same(before, after))
  return found === undefined ? undefined : `${found[1]._tag} follows itself unchanged`
}

const unknown = (seen: Play): string | undefined => pace(seen) ?? truth(seen) ?? endedByUnknown(seen)

/** Errors that have another cause than an unknown status. */
const others = new Set(["mock:flaky", "mock:rate-limited", "mock:not-found-first", "mock:query-failed", "mock:lost-submit"])

const endedByUnknown = ({ scenario: given, visits }: Play): string | undefined => {
  if (given.echo || given.words.some((each) => others.has(each))) return undefined
  for (const { end } of visits) {
    const error = typeof end === "object" ? end.error : undefined
    if (error !== undefined && !(error instanceof JobError.JobError && error.reason._tag === "DeadlineExceeded"))
      return `it ended with ${said(error)}`
  }
  return undefined
}

const artifact = ({ visits }: Play): string | undefined =>
  visits.some(({ states }) => states.some(({ state }) => state._tag === "Succeeded" && !(state.artifacts[0]?.url ?? "").startsWith("http")))
    ? "Succeeded names nothing to fetch"
    : undefined

const truth = ({ jobs, scenario: given, visits }: Play): string | undefined => {
  const [job] = jobs
  for (const { states } of visits) {
    for (const { state } of states) {
      if (!JobState.isTerminal(state)) continue
      if (job === undefined) return `${state._tag} without a job`
      const allowed: ReadonlyArray<string> = tagsOf[job.script.ending]
      if (!allowed.includes(state._tag)) return `${state._tag}, and the provider says ${job.script.ending}`
      const asked = state.at - given.latency
      if (asked < job.createdAt + job.life.end)
        return `${state._tag} at ${asked} ms, and the job ends at ${job.createdAt + job.life.end} ms`
      if (state._tag === "Failed" && (state.failure.moderated === true) !== (job.script.ending === "moderated")) {
        return `moderated is ${state.failure.moderated}, and the provider says ${job.script.ending}`
      }
    }
  }
  return undefined
}

const ref = ({ ref: made, visits }: Play): string | undefined => {
  for (const { end } of visits) {
    if (typeof end !== "object") continue
    if (!(end.error instanceof JobError.JobError)) return `it ended with ${said(end.error)}, which isn't a JobError`
    if (end.error.ref?.id !== made?.id) return `the error names the job ${end.error.ref?.id}`
  }
  return undefined
}

const secrets = (seen: Play): string | undefined => {
  const links = seen.visits.flatMap(({ states }) => states.flatMap(({ state }) => (state._tag === "Succeeded" ? state.artifacts : [])))
  const signatures = links.map(({ url }) => new URL(url).search).filter((query) => query !== "")
  for (const text of Judge.said(seen)) {
    if (text.includes(seen.key)) return `the key is in ${text}`
    const signature = signatures.find((query) => text.includes(query))
    if (signature !== undefined) return `a signed query is in ${text}`
  }
  return undefined
}

const said = (error: unknown): string => (error instanceof Error ? String(error) : (JSON.stringify(error) ?? "nothing"))
