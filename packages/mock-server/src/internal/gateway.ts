/**
 * A gateway over an upstream: CometAPI's surface, as new-api serves it, over the xAI that is played here. The job lives upstream; the gateway
 * keeps what it last heard of it, in its own envelope and words and under its own id, and masks the upstream's errors.
 *
 * It looks upstream when it is asked, as it has no timer; a real one does so every 15 s or later. Both hops are in the journal.
 */
import { fixtures } from "@reelay/providers/cometapi/fixtures"
import { cometapi } from "../dialects/cometapi.ts"
import type { Answer } from "../dialects/Dialect.ts"
import type * as Fault from "../Fault.ts"
import type * as Script from "../Script.ts"
import type { Outcome } from "./api.ts"
import { type Body, parseBody } from "./body.ts"
import { choose } from "./choice.ts"
import type { Delivery } from "./delivery.ts"
import * as Hash from "./hash.ts"
import { methodsOf, type Route } from "./route.ts"
import { isRecord } from "./rules.ts"
import * as Spoil from "./spoil.ts"

/** The first part of its paths. */
export const name = "cometapi+xai"

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
  told: Told
}

export interface Options {
  readonly seed: string
  readonly duration: number
  readonly maxBodyBytes?: number
}

export interface World {
  readonly now: () => number
  readonly accepts: (key: string) => boolean
  /** The upstream: a request to the xAI of the same mock. */
  readonly ask: (request: Request, host: Fault.Needs) => Promise<Delivery>
}

/** The gateway's own words of a prompt, as the mock's, and what is left for the upstream. */
const split = (prompt: string): { readonly own: string; readonly rest: string } => {
  const word = /(?<![\w-])gateway:(?=[a-z])/gi
  const own = prompt.split(word).slice(1)
  return {
    own: own.map((text) => `mock:${text.split(/\s/)[0]}`).join(" "),
    rest: prompt.replaceAll(/(?<![\w-])gateway:[\w=.-]+/gi, "").trim()
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

const isOver = ({ status }: Told): boolean => status === "SUCCESS" || status === "FAILURE"

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
const upstream = (url: URL, path: string, headers: Headers, body?: Body): Request => {
  const passed = new Headers({ "user-agent": "gateway" })
  for (const each of ["authorization", "x-reelay-intent", "idempotency-key", "x-reelay-script"]) {
    const value = headers.get(each)
    if (value !== null) passed.set(each, value)
  }
  if (body === undefined) return new Request(`${url.origin}/xai${path}`, { headers: passed })
  passed.set("content-type", "application/json")
  return new Request(`${url.origin}/xai${path}`, { method: "POST", headers: passed, body: JSON.stringify(body) })
}

export const make = ({ duration, maxBodyBytes = 16 * 1024 * 1024, seed }: Options, { accepts, ask, now }: World) => {
  const tasks = new Map<string, Task>()
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
    const chosen = choose(new Headers(), own, [], { duration, host, provider: "cometapi", usual: undefined })
    if ("problem" in chosen) return { answer: cometapi.refuse("Invalid", chosen.problem), body }
    const { script } = chosen
    const intention = `${owner} ${JSON.stringify(body)}`
    const nth = (seen.get(intention) ?? 0) + 1
    seen.set(intention, nth)
    const all = Spoil.due(script.faults, "submit", nth)
    const early = Spoil.before(all)
    if (early !== undefined) return { ...lost(early), body }
    const other = Spoil.instead(all, cometapi, now())
    if (other !== undefined) return { answer: other.answer, fault: other.by.fault.name, body }
    const path = route.submit.path.replace("/grok/v1/", "/v1/")
    const heard = await ask(upstream(url, path, request.headers, { ...body, prompt: rest }), host)
    const given = isHeard(heard) && isRecord(heard.answer.body) ? heard.answer.body["request_id"] : undefined
    const late = Spoil.after(all)
    if (typeof given !== "string" || heard.answer.status >= 300) return { ...spoilt(masked(heard), late), body }
    const id = Hash.uuid(`gateway ${seed} ${given}`)
    const told: Told = { status: "SUBMITTED", progress: "10%", fail_reason: "", finish_time: 0, data: null }
    tasks.set(id, { id, owner, upstream: given, script, submittedAt: now(), polls: 0, told })
    if (late === undefined) seen.delete(intention)
    const { body: accepted, status } = fixtures["generations.accepted"]
    return { ...spoilt({ status, body: { ...accepted, request_id: id } }, late), body, jobId: id }
  }

  const poll = async ({ id }: Route & { _tag: "poll" }, request: Request, url: URL, owner: string, host: Fault.Needs): Promise<Outcome> => {
    const task = tasks.get(id)
    if (task?.owner !== owner) return { answer: cometapi.refuse("UnknownJob", ""), jobId: id }
    const all = Spoil.due(task.script.faults, "poll", (task.polls += 1))
    const early = Spoil.before(all)
    if (early !== undefined) return { ...lost(early), jobId: id }
    const other = Spoil.instead(all, cometapi, now())
    if (other !== undefined) return { answer: other.answer, fault: other.by.fault.name, jobId: id }
    if (!isOver(task.told)) {
      const told = hear(task.told, await ask(upstream(url, `/v1/videos/${task.upstream}`, request.headers), host), now())
      const isOwnFailure = isOver(told) && task.script.ending === "gateway-failed"
      task.told = isOwnFailure ? failure(fixtures["query.failure.with-wrapper"].body.data.fail_reason, told.finish_time, null) : told
    }
    return { ...spoilt(Spoil.reworded(all, write(task), !isOver(task.told)), Spoil.after(all)), jobId: id }
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
    clear: (): void => {
      tasks.clear()
      seen.clear()
    }
  }
}

/** An answer as a fault of the gateway's own network leaves it. */
const spoilt = (answer: Answer, by: Spoil.Due | undefined): Outcome =>
  by === undefined ? { answer } : { ...Spoil.deliver(answer, by), fault: by.fault.name }

/** A request that the gateway did nothing with, and so did not hand on. */
const lost = (by: Spoil.Due): Outcome => ({
  ...spoilt({ status: 502, body: undefined }, by),
  ...(by.kind.cell?.point === "unreceived" ? { received: false as const } : {})
})
