/**
 * What a gateway does, whichever it is: passes a submission on, keeps what it last heard of each task, and breaks on its own. What it says is the
 * provider's. Both hops are in the journal.
 */
import type { Answer } from "../answer/Answer.ts"
import type { Delivery } from "../answer/delivery.ts"
import * as Files from "../answer/files.ts"
import { proxyError } from "../answer/pages.ts"
import { type Body, parseBody } from "../base/body.ts"
import * as Hash from "../base/hash.ts"
import { isRecord } from "../base/Rules.ts"
import type { Gateway, TaskStatus, Task as Kept } from "../provider/Gateway.ts"
import { calledOf, type Provider } from "../provider/Provider.ts"
import { choose } from "../script/choice.ts"
import * as Fault from "../script/Fault.ts"
import * as MagicPrompt from "../script/MagicPrompt.ts"
import type * as Script from "../script/Script.ts"
import { broken, isWhole, type Outcome, unaccepted } from "./api.ts"
import { intentHeader, intentOf } from "./intent.ts"
import { hiddenShare } from "./jobs.ts"
import { methodsOf, type Route } from "./route.ts"
import * as Spoil from "./spoil.ts"

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
  kept: Kept
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
  /** The faults that can be met. */
  readonly catalogue: Fault.Catalogue
  readonly maxBodyBytes?: number
}

export interface World {
  readonly now: () => number
  readonly accepts: (key: string) => boolean
  /** The upstream: a request to another provider of the same mock. */
  readonly ask: (request: Request, host: Fault.Needs) => Promise<Delivery>
  /** How much of its life an upstream's job has behind it, from 0 to 1. */
  readonly shareOf: (upstream: string) => number
}

/** A gateway, and the provider to which it passes its jobs on. */
export interface Between {
  readonly provider: Provider
  readonly gateway: Gateway
  readonly upstream: Provider
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
const chosenBy = (
  own: ReadonlyArray<string>,
  host: Fault.Needs,
  provider: string,
  catalogue: Fault.Catalogue
): ReturnType<typeof choose> => {
  const chosen = choose(new Headers(), own.map((text) => `mock:${text}`).join(" "), [], {
    duration: 0,
    host,
    provider,
    catalogue,
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

/** Whether an answer came, and whole. */
const isHeard = ({ cut }: Delivery): boolean => cut === undefined || cut.at === "end"

const isOver = ({ at }: TaskStatus): boolean => at === "ended"

/** A link that has expired is asked for again, as whoever plays a video through a gateway expects. */
const hasExpired = ({ link }: TaskStatus, now: number): boolean =>
  link !== undefined && now >= (Files.goodUntil(link) ?? Number.POSITIVE_INFINITY)

export const make = (
  { gateway, provider, upstream }: Between,
  { catalogue, maxBodyBytes = 16 * 1024 * 1024, seed }: Options,
  world: World
) => {
  const { accepts, ask, now, shareOf } = world
  const called = calledOf(provider)
  const tasks = new Map<string, Task>()
  const byUpstream = new Map<string, Task>()
  /** How often a submission was seen since it was last answered. */
  const seen = new Map<string, number>()

  /** A request of the gateway's own: same key, same intention. */
  const passedOn = (url: URL, path: string, headers: Headers, body?: Body, intent?: string): Request => {
    const passed = new Headers({ "user-agent": "gateway" })
    for (const each of ["authorization", intentHeader, "idempotency-key", "x-reelay-script"]) {
      const value = headers.get(each)
      if (value !== null) passed.set(each, value)
    }
    // What is meant is said by the client's words, of which the upstream gets a part.
    if (intent !== undefined && !passed.has(intentHeader) && !passed.has("idempotency-key")) passed.set(intentHeader, intent)
    const address = `${url.origin}/${upstream.name}${upstream.prefixes[0] ?? ""}${path}`
    if (body === undefined) return new Request(address, { headers: passed })
    passed.set("content-type", "application/json")
    return new Request(address, { method: "POST", headers: passed, body: JSON.stringify(body) })
  }

  const submit = async (
    route: Route & { _tag: "submit" },
    request: Request,
    url: URL,
    owner: string,
    host: Fault.Needs
  ): Promise<Outcome> => {
    const parsed = await parseBody(request, route.submit.media, maxBodyBytes)
    if (parsed._tag === "TooLarge") return { answer: provider.refuse("TooLarge", `The body is larger than ${maxBodyBytes} bytes`) }
    if (parsed._tag !== "Body") return { answer: provider.refuse(parsed._tag, parsed.message) }
    const { body } = parsed
    const problem = route.submit.refuse(body)
    if (problem !== undefined) return { answer: provider.refuse("Invalid", problem), body }
    const { own, rest } = split(route.submit.read(body).prompt)
    const chosen = chosenBy(own, host, called, catalogue)
    if ("problem" in chosen) return { answer: provider.refuse("Invalid", chosen.problem), body }
    const { script } = chosen
    const intent = intentOf(called, owner, request.headers, body)
    const nth = (seen.get(intent) ?? 0) + 1
    seen.set(intent, nth)
    const all = Spoil.due(script.faults, "submit", nth)
    const early = Spoil.before(all)
    if (early !== undefined) return { ...broken(unaccepted, early), body, intent }
    const other = Spoil.instead(all, provider, now())
    if (other !== undefined) return { answer: other.answer, fault: other.by.fault.name, body, intent }
    const path = gateway.pathOf(route.submit.path)
    const heard = await ask(passedOn(url, path, request.headers, gateway.bodyOf(body, rest), intent), host)
    const given = isHeard(heard) && isRecord(heard.answer.body) ? gateway.idIn(heard.answer) : undefined
    const late = Spoil.after(all)
    if (given === undefined || heard.answer.status >= 300) {
      return { ...broken(gateway.masked(isHeard(heard) ? heard.answer : undefined), late), body, intent }
    }
    const id = provider.id(Hash.uuid(`gateway ${seed} ${given}`))
    const task: Task = {
      id,
      owner,
      upstream: given,
      script,
      submittedAt: now(),
      polls: 0,
      bodies: 0,
      pollsSinceEnd: 0,
      kept: gateway.begin(),
      endToldAt: undefined,
      linkGoodUntil: undefined
    }
    tasks.set(id, task)
    byUpstream.set(given, task)
    const answer = gateway.accepted(task)
    const delivered = broken(answer, late)
    if (isWhole(answer, delivered)) seen.delete(intent)
    return { ...delivered, body, intent, jobId: id }
  }

  const poll = async ({ id }: Route & { _tag: "poll" }, request: Request, url: URL, owner: string, host: Fault.Needs): Promise<Outcome> => {
    const task = tasks.get(id)
    if (task?.owner !== owner) return { answer: provider.refuse("UnknownJob", ""), jobId: id, isStray: true }
    const all = Spoil.due(task.script.faults, "poll", (task.polls += 1))
    const early = Spoil.before(all)
    if (early !== undefined) return { ...broken(unaccepted, early), jobId: id }
    if (all.some(({ fault }) => fault.name === "flaky")) return { answer: proxyError(503), fault: "flaky", jobId: id }
    const outcome = await state(task, all, request, url, host)
    task.bodies += 1
    const late = Spoil.afterPoll(task.script.faults, task.polls, task.bodies, true)
    const { told, ...delivered } = late === undefined ? outcome : { ...outcome, ...broken(outcome.answer, late) }
    if (told === undefined || request.method !== "GET" || !isWhole(outcome.answer, delivered)) return { ...delivered, jobId: id }
    const until = told === "ended" ? Files.goodUntil(task.kept.link ?? "") : undefined
    if (told === "ended") task.endToldAt ??= now()
    if (outcome.isUnclear === true) return { ...delivered, jobId: id }
    if (until !== undefined) task.linkGoodUntil = Math.max(task.linkGoodUntil ?? 0, until)
    return { ...delivered, jobId: id, told, ...(until === undefined ? {} : { linkGoodUntil: until }) }
  }

  /** What the gateway says of a task now, its network aside. */
  const state = async (task: Task, all: ReadonlyArray<Spoil.Due>, request: Request, url: URL, host: Fault.Needs): Promise<Outcome> => {
    const other = Spoil.instead(all, provider, now())
    if (other !== undefined) return { answer: other.answer, fault: other.by.fault.name }
    if (all.some(({ fault }) => fault.name === "not-found-first") && shareOf(task.upstream) < hiddenShare)
      return { answer: provider.refuse("UnknownJob", ""), fault: "not-found-first" }
    if (!isOver(task.kept) || hasExpired(task.kept, now())) {
      const delivery = await ask(passedOn(url, upstream.poll.replace("{id}", task.upstream), request.headers), host)
      // Of no answer, and of half of one, nothing is heard: the next poll may get one.
      const heard = isHeard(delivery) ? task.kept.hear(delivery.answer, now()) : task.kept
      task.kept = isOver(heard) && task.script.ending === "gateway-failed" ? heard.failed() : heard
    }
    if (isOver(task.kept)) {
      task.pollsSinceEnd += 1
      if (all.some(({ fault }) => fault.name === "goes-back")) {
        if (task.pollsSinceEnd === 2) return { answer: task.kept.running().write(task), fault: "goes-back" }
        if (task.pollsSinceEnd === 3) return { answer: provider.refuse("UnknownJob", ""), fault: "goes-back" }
      }
    }
    return { ...Spoil.worded(all, task.kept.write(task), !isOver(task.kept)), told: task.kept.at }
  }

  const answer = async (route: Route, request: Request, url: URL, key: string | undefined, host: Fault.Needs): Promise<Outcome> => {
    const { method } = request
    if (route._tag !== "submit" && route._tag !== "poll") {
      return { answer: provider.refuse("UnknownRoute", `No handler found for ${method} ${url.pathname.slice(provider.name.length + 1)}`) }
    }
    const allow = methodsOf(route)
    if (!allow.includes(method)) {
      const refusal: Answer = provider.refuse("WrongMethod", `${method} is not allowed here, only ${allow.join(", ")}`)
      return { answer: { ...refusal, headers: { allow: allow.join(", ") } } }
    }
    if (key === undefined || !accepts(key)) return { answer: provider.refuse("Unauthorized", "The key is missing or wrong") }
    return route._tag === "submit" ? submit(route, request, url, key, host) : poll(route, request, url, key, host)
  }

  return {
    provider,
    upstream,
    answer,
    /** Of an upstream's job that a gateway has made. */
    taskOf: (of: string): Pick<Task, "endToldAt" | "linkGoodUntil"> | undefined => byUpstream.get(of),
    /** In the order of submission. */
    get tasks(): ReadonlyArray<TaskView> {
      return [...tasks.values()].map(({ id, kept, polls, upstream: of }) => ({
        id,
        upstream: of,
        polls,
        hasFailed: kept.hasFailed === true
      }))
    },
    clear: (): void => {
      tasks.clear()
      byUpstream.clear()
      seen.clear()
    }
  }
}
