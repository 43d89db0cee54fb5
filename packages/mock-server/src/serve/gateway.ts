/**
 * A gateway over an upstream: CometAPI's surface, as new-api serves it, over the xAI that is played here. The job lives upstream; the gateway
 * keeps what it last heard of it, in its own envelope and words and under its own id, and masks the upstream's errors.
 *
 * It looks upstream when it is asked, as it has no timer; a real one does so every 15 s or later. Both hops are in the journal.
 */
import { fixtures } from "@reelay/providers/cometapi/fixtures"
import { cometapi } from "../providers/cometapi/dialect.ts"
import type { Answer } from "../answer/Answer.ts"
import * as Fault from "../script/Fault.ts"
import { intentHeader, intentOf } from "./intent.ts"
import * as MagicPrompt from "../script/MagicPrompt.ts"
import type * as Script from "../script/Script.ts"
import { broken, isWhole, type Outcome, unaccepted } from "./api.ts"
import { type Body, parseBody } from "../base/body.ts"
import { choose } from "../script/choice.ts"
import type { Delivery } from "../answer/delivery.ts"
import * as Files from "../answer/files.ts"
import { gateway as name } from "../base/names.ts"
import * as Hash from "../base/hash.ts"
import { hiddenShare } from "./jobs.ts"
import { proxyError } from "../answer/pages.ts"
import { methodsOf, type Route } from "./route.ts"
import { isRecord } from "../base/rules.ts"
import * as Spoil from "./spoil.ts"

export { name }

export const isBelow = (pathname: string): boolean => pathname.startsWith(`/${name}/`)

/** What it keeps of a task, as in new-api's model/task.go. */
interface Told {
  readonly status: "SUBMITTED" | "QUEUED" | "IN_PROGRESS" | "SUCCESS" | "FAILURE"
  readonly progress: string
  readonly fail_reason: string
  /** Seconds since the epoch; 0 where it has not ended. */
  readonly finish_time: number
  /** What the upstream said, verbatim. */
  readonly data: unknown
}

interface Task {
  readonly id: string
  readonly owner: string
  readonly upstream: string
  readonly script: Script.Script
  readonly submittedAt: number
  polls: number
  /** Polls whose answer had a body, and those that came when it had ended. */
  bodies: number
  pollsSinceEnd: number
  told: Told
  /** When its client was told that it ended, and until when the link is good that it was told: milliseconds since the epoch. */
  endToldAt: number | undefined
  linkGoodUntil: number | undefined
}

/** A task, for those who judge what its client did; what it was told is in `taskOf`. */
export interface TaskView extends Pick<Task, "id" | "upstream" | "polls"> {
  readonly hasFailed: boolean
}

export interface Options {
  readonly seed: string
  readonly maxBodyBytes?: number
}

export interface World {
  readonly now: () => number
  readonly accepts: (key: string) => boolean
  /** The upstream: a request to the xAI of the same mock. */
  readonly ask: (request: Request, host: Fault.Needs) => Promise<Delivery>
  /** How much of its life an upstream's job has behind it, from 0 to 1. */
  readonly shareOf: (upstream: string) => number
}

/** The gateway's own words of a prompt, and what is left for the upstream. */
const split = (prompt: string): { readonly own: ReadonlyArray<string>; readonly rest: string } => {
  const word = /(?<![\w-])gateway:([\w=.-]*\w)/gi
  return { own: Array.from(prompt.matchAll(word), ([, text = ""]) => text), rest: prompt.replaceAll(word, "").trim() }
}

/** The faults that a gateway has of its own; all else of a job is its upstream's. */
const isOwn = (fault: string): boolean => {
  const endpoint = Fault.kindOf(fault)?.endpoint
  return endpoint === "submit" || endpoint === "poll"
}

/** What the gateway's own words choose, or why they can't be chosen. */
const chosenBy = (own: ReadonlyArray<string>, host: Fault.Needs): ReturnType<typeof choose> => {
  const chosen = choose(new Headers(), own.map((text) => `mock:${text}`).join(" "), [], {
    duration: 0,
    host,
    provider: "cometapi",
    usual: undefined
  })
  if ("problem" in chosen) return { problem: chosen.problem.replaceAll("mock:", "gateway:") }
  const { faults } = chosen.script
  const named = own.find((text) => {
    const { fault, ending } = MagicPrompt.wordOf(text)?.sets ?? {}
    return !(ending === "gateway-failed" || isOwn(fault ?? text.replace(/^fault=/i, "")))
  })
  if (named === undefined && faults.every(({ name: fault }) => isOwn(fault))) return chosen
  return {
    problem: `prompt: "gateway:${named}" is nothing that a gateway does by itself: a job's life and its files are the upstream's, as in "mock:${named}"`
  }
}

const seconds = (millis: number): number => Math.floor(millis / 1000)

const failure = (fail_reason: string, finish_time: number, data: unknown): Told => ({
  status: "FAILURE",
  progress: "100%",
  fail_reason,
  finish_time,
  data
})

const moderated = fixtures["query.done.with-wrapper-and-moderation"].body.data

/** Whether an answer came, and whole. */
const isHeard = ({ cut }: Delivery): boolean => cut === undefined || cut.at === "end"

/** What an answer of the upstream makes of a task. The same object where it changes nothing. */
const hear = (before: Told, delivery: Delivery, now: number): Told => {
  const { body, status } = delivery.answer
  const at = seconds(now)
  // No answer, and none that can be parsed: the next look may get one.
  if (!isHeard(delivery) || status === 429 || status >= 500 || typeof body === "string") return before
  if (status === 202 && body === undefined) return { ...before, status: "QUEUED", progress: "20%" }
  const word = isRecord(body) ? body["status"] : undefined
  switch (word) {
    case "pending":
      // The outer progress is synthetic: https://github.com/QuantumNous/new-api
      return { ...before, status: "IN_PROGRESS", progress: "30%", data: body }
    case "done": {
      const video = isRecord(body) && isRecord(body["video"]) ? body["video"] : {}
      if (video["respect_moderation"] === false) return failure(moderated.fail_reason, at, body)
      const url = typeof video["url"] === "string" ? video["url"] : ""
      return { status: "SUCCESS", progress: "100%", fail_reason: url, finish_time: at, data: body }
    }
    case "expired":
      return { status: "SUCCESS", progress: "100%", fail_reason: "", finish_time: at, data: body }
    case "failed": {
      const error = isRecord(body) && isRecord(body["error"]) ? body["error"] : {}
      return failure(typeof error["message"] === "string" ? error["message"] : "task failed", at, body)
    }
    default:
      // Observed: a word that is unknown, or none, is a failure, even while the job runs on (QuantumNous/new-api#5045). The cause is lost.
      return failure("upstream returned unrecognized message", at, null)
  }
}

const toldAs = { SUBMITTED: "submitted", QUEUED: "queued", IN_PROGRESS: "running", SUCCESS: "ended", FAILURE: "ended" } as const

const isOver = ({ status }: Told): boolean => status === "SUCCESS" || status === "FAILURE"

/** A link that has lapsed is asked for again, as whoever plays a video through a gateway expects. */
const isLapsed = ({ fail_reason, status }: Told, now: number): boolean =>
  status === "SUCCESS" && now >= (Files.goodUntil(fail_reason) ?? Number.POSITIVE_INFINITY)

/** new-api's form of an error of a task. */
const taskError = (code: string, message: string, status: number): Answer => ({ status, body: { code, message, data: null } })

/** What new-api says of an upstream that refused a submission, or gave no answer. */
const masked = (delivery: Delivery): Answer => {
  const { body, status } = delivery.answer
  const lost = fixtures["query.error.with-wrapper-code"].body.message
  if (!isHeard(delivery) || status >= 500 || !isRecord(body)) return taskError("do_request_failed", lost, 500)
  if (status === 429) return taskError("fail_to_fetch_task", "当前分组上游负载已饱和，请稍后再试", 429)
  const text = typeof body["error"] === "string" ? body["error"] : JSON.stringify(body)
  // Observed: what may hold an address of the upstream is replaced.
  return taskError("fail_to_fetch_task", /post|dial|http/i.test(text) ? lost : text, status)
}

/** A request of the gateway's own: same key, same intention. */
const upstream = (url: URL, path: string, headers: Headers, body?: Body, intent?: string): Request => {
  const passed = new Headers({ "user-agent": "gateway" })
  for (const each of ["authorization", intentHeader, "idempotency-key", "x-reelay-script"]) {
    const value = headers.get(each)
    if (value !== null) passed.set(each, value)
  }
  // What is meant is said by the client's words, of which the upstream gets a part.
  if (intent !== undefined && !passed.has(intentHeader) && !passed.has("idempotency-key")) passed.set(intentHeader, intent)
  if (body === undefined) return new Request(`${url.origin}/xai${path}`, { headers: passed })
  passed.set("content-type", "application/json")
  return new Request(`${url.origin}/xai${path}`, { method: "POST", headers: passed, body: JSON.stringify(body) })
}

export const make = ({ maxBodyBytes = 16 * 1024 * 1024, seed }: Options, { accepts, ask, now, shareOf }: World) => {
  const tasks = new Map<string, Task>()
  const byUpstream = new Map<string, Task>()
  /** How often a submission was seen since it was last answered. */
  const seen = new Map<string, number>()

  const write = ({ id, submittedAt, told }: Task): Answer => {
    const { body, status } = fixtures["query.in-progress.with-wrapper"]
    return { status, body: { ...body, data: { ...body.data, task_id: id, submit_time: seconds(submittedAt), ...told } } }
  }

  const submit = async (
    route: Route & { _tag: "submit" },
    request: Request,
    url: URL,
    owner: string,
    host: Fault.Needs
  ): Promise<Outcome> => {
    const parsed = await parseBody(request, route.submit.media, maxBodyBytes)
    if (parsed._tag === "TooLarge") return { answer: cometapi.refuse("TooLarge", `The body is larger than ${maxBodyBytes} bytes`) }
    if (parsed._tag !== "Body") return { answer: cometapi.refuse(parsed._tag, parsed.message) }
    const { body } = parsed
    const problem = route.submit.refuse(body)
    if (problem !== undefined) return { answer: cometapi.refuse("Invalid", problem), body }
    const { own, rest } = split(String(body["prompt"]))
    const chosen = chosenBy(own, host)
    if ("problem" in chosen) return { answer: cometapi.refuse("Invalid", chosen.problem), body }
    const { script } = chosen
    const intent = intentOf("cometapi", owner, request.headers, body)
    const nth = (seen.get(intent) ?? 0) + 1
    seen.set(intent, nth)
    const all = Spoil.due(script.faults, "submit", nth)
    const early = Spoil.before(all)
    if (early !== undefined) return { ...broken(unaccepted, early), body, intent }
    const other = Spoil.instead(all, cometapi, now())
    if (other !== undefined) return { answer: other.answer, fault: other.by.fault.name, body, intent }
    const path = route.submit.path.replace("/grok/v1/", "/v1/")
    const heard = await ask(upstream(url, path, request.headers, { ...body, prompt: rest }, intent), host)
    const given = isHeard(heard) && isRecord(heard.answer.body) ? heard.answer.body["request_id"] : undefined
    const late = Spoil.after(all)
    if (typeof given !== "string" || heard.answer.status >= 300) return { ...broken(masked(heard), late), body, intent }
    const id = Hash.uuid(`gateway ${seed} ${given}`)
    const told: Told = { status: "SUBMITTED", progress: "10%", fail_reason: "", finish_time: 0, data: null }
    const task: Task = {
      id,
      owner,
      upstream: given,
      script,
      submittedAt: now(),
      polls: 0,
      bodies: 0,
      pollsSinceEnd: 0,
      told,
      endToldAt: undefined,
      linkGoodUntil: undefined
    }
    tasks.set(id, task)
    byUpstream.set(given, task)
    const { body: accepted, status } = fixtures["generations.accepted"]
    const answer = { status, body: { ...accepted, request_id: id } }
    const delivered = broken(answer, late)
    if (isWhole(answer, delivered)) seen.delete(intent)
    return { ...delivered, body, intent, jobId: id }
  }

  const poll = async ({ id }: Route & { _tag: "poll" }, request: Request, url: URL, owner: string, host: Fault.Needs): Promise<Outcome> => {
    const task = tasks.get(id)
    if (task?.owner !== owner) return { answer: cometapi.refuse("UnknownJob", ""), jobId: id, isStray: true }
    const all = Spoil.due(task.script.faults, "poll", (task.polls += 1))
    const early = Spoil.before(all)
    if (early !== undefined) return { ...broken(unaccepted, early), jobId: id }
    if (all.some(({ fault }) => fault.name === "flaky")) return { answer: proxyError(503), fault: "flaky", jobId: id }
    const outcome = await state(task, all, request, url, host)
    task.bodies += 1
    const late = Spoil.afterPoll(task.script.faults, task.polls, task.bodies, true)
    const { told, ...delivered } = late === undefined ? outcome : { ...outcome, ...broken(outcome.answer, late) }
    if (told === undefined || request.method !== "GET" || !isWhole(outcome.answer, delivered)) return { ...delivered, jobId: id }
    const until = told === "ended" ? Files.goodUntil(task.told.fail_reason) : undefined
    if (told === "ended") task.endToldAt ??= now()
    if (outcome.isUnclear === true) return { ...delivered, jobId: id }
    if (until !== undefined) task.linkGoodUntil = Math.max(task.linkGoodUntil ?? 0, until)
    return { ...delivered, jobId: id, told, ...(until === undefined ? {} : { linkGoodUntil: until }) }
  }

  /** What the gateway says of a task now, its network aside. */
  const state = async (task: Task, all: ReadonlyArray<Spoil.Due>, request: Request, url: URL, host: Fault.Needs): Promise<Outcome> => {
    const other = Spoil.instead(all, cometapi, now())
    if (other !== undefined) return { answer: other.answer, fault: other.by.fault.name }
    if (all.some(({ fault }) => fault.name === "not-found-first") && shareOf(task.upstream) < hiddenShare)
      return { answer: cometapi.refuse("UnknownJob", ""), fault: "not-found-first" }
    if (!isOver(task.told) || isLapsed(task.told, now())) {
      const told = hear(task.told, await ask(upstream(url, `/v1/videos/${task.upstream}`, request.headers), host), now())
      const isOwnFailure = isOver(told) && task.script.ending === "gateway-failed"
      task.told = isOwnFailure ? failure(fixtures["query.failure.with-wrapper"].body.data.fail_reason, told.finish_time, null) : told
    }
    if (isOver(task.told)) {
      task.pollsSinceEnd += 1
      if (all.some(({ fault }) => fault.name === "goes-back")) {
        const again: Told = { status: "IN_PROGRESS", progress: "50%", fail_reason: "", finish_time: 0, data: null }
        if (task.pollsSinceEnd === 2) return { answer: write({ ...task, told: again }), fault: "goes-back" }
        if (task.pollsSinceEnd === 3) return { answer: cometapi.refuse("UnknownJob", ""), fault: "goes-back" }
      }
    }
    return { ...Spoil.worded(all, write(task), !isOver(task.told)), told: toldAs[task.told.status] }
  }

  const answer = async (route: Route, request: Request, url: URL, key: string | undefined, host: Fault.Needs): Promise<Outcome> => {
    const { method } = request
    if (route._tag !== "submit" && route._tag !== "poll") {
      return { answer: cometapi.refuse("UnknownRoute", `No handler found for ${method} ${url.pathname.slice(name.length + 1)}`) }
    }
    const allow = methodsOf(route)
    if (!allow.includes(method)) {
      const refusal = cometapi.refuse("WrongMethod", `${method} is not allowed here, only ${allow.join(", ")}`)
      return { answer: { ...refusal, headers: { allow: allow.join(", ") } } }
    }
    if (key === undefined || !accepts(key)) return { answer: cometapi.refuse("Unauthorized", "The key is missing or wrong") }
    return route._tag === "submit" ? submit(route, request, url, key, host) : poll(route, request, url, key, host)
  }

  return {
    answer,
    /** Of an upstream's job that a gateway has made. */
    taskOf: (of: string): Pick<Task, "endToldAt" | "linkGoodUntil"> | undefined => byUpstream.get(of),
    /** In the order of submission. */
    get tasks(): ReadonlyArray<TaskView> {
      return [...tasks.values()].map(({ id, polls, told, upstream: of }) => ({
        id,
        upstream: of,
        polls,
        hasFailed: told.status === "FAILURE"
      }))
    },
    clear: (): void => {
      tasks.clear()
      byUpstream.clear()
      seen.clear()
    }
  }
}
