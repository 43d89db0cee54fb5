/** The API that is played: what each request gets, the mock's own routes aside. */
import type { Answer } from "../answer/Answer.ts"
import { type Delivery, encode } from "../answer/delivery.ts"
import * as Files from "../answer/files.ts"
import { proxyError } from "../answer/pages.ts"
import { type Body, parseBody } from "../base/body.ts"
import type { Job, Provider, Scene } from "../provider/Provider.ts"
import { choose, type Waiting } from "../script/choice.ts"
import * as Fault from "../script/Fault.ts"
import * as Script from "../script/Script.ts"
import { intentOf } from "./intent.ts"
import { finishedAt, isHidden, type Jobs, momentOf, type Tracked } from "./jobs.ts"
import { carriesKey } from "./Journal.ts"
import { methodsOf, type Route } from "./route.ts"
import * as Spoil from "./spoil.ts"
import * as SpoilFile from "./spoilFile.ts"

export interface Options {
  readonly duration: number
  /** The faults that can be met. */
  readonly catalogue: Fault.Catalogue
  readonly seed: string
  readonly urlTtl?: number
  readonly keys?: ReadonlyArray<string>
  readonly maxBodyBytes?: number
  /** The origin of links. Default: that of the request. */
  readonly filesAt?: string
  /** The life of jobs that nothing else gives one. */
  readonly script?: Script.Script
  /** The path that stands before its own in the links that it hands out: "", or "/r/<token>". */
  readonly under: string
}

/** What it works on: the mock's own. */
export interface World {
  readonly jobs: Jobs
  readonly waiting: Array<Waiting>
  readonly now: () => number
}

/** An answer, and what it adds to the journal. */
export interface Outcome extends Delivery {
  readonly jobId?: string
  /** The name of the fault that shows in it. */
  readonly fault?: string
  /** The API never had the request. */
  readonly received?: false
  /** Of a poll whose answer came whole: where the job is, in it. */
  readonly told?: "submitted" | "queued" | "running" | "ended"
  /** Until when the link in it is good: milliseconds since the epoch. */
  readonly linkGoodUntil?: number
  /** A fault took the words for that out of it, or put others there: one client may understand them, and another one not. */
  readonly isUnclear?: true
  /** The link in it. */
  readonly url?: string
  /** Not about a job that its sender has: another key's, none at all, or by a link that was never given. */
  readonly isStray?: true
  /** Of a submission: its fields, and what was meant by it. */
  readonly body?: Body
  readonly intent?: string
}

/** Whether a client that was given it has all that it says. */
export const isWhole = (answer: Answer, { answer: said, cut }: Delivery): boolean =>
  said === answer && (cut === undefined || cut.at === "end")

const defaultMaxBodyBytes = 16 * 1024 * 1024

/** Of a request that the API did nothing with, no answer is known; a host sends none. */
export const unaccepted: Answer = { status: 502, body: undefined }

/** An answer as a fault of the network leaves it. */
export const broken = (answer: Answer, by: Spoil.Due | undefined): Outcome => {
  if (by === undefined) return { answer }
  const received = by.kind.cell?.point === "unreceived" ? { received: false as const } : {}
  const delivery = Spoil.deliver(answer, by)
  const isSeen = delivery.answer !== answer || delivery.cut !== undefined
  return { ...delivery, ...(isSeen ? { fault: by.fault.name } : {}), ...received }
}

const told = { Submitted: "submitted", Queued: "queued", Running: "running", Ended: "ended" } as const

interface Whose {
  readonly owner: string
  readonly intent: string
}

/** How much of an answer's body comes: bytes. */
const cameOf = ({ answer: { body }, cut }: Delivery): number => {
  if (cut?.at === "start" || cut?.at === "headers") return 0
  return cut?.at === "body" ? cut.byte : encode(body)[0].byteLength
}

/** Counts a file of which every byte has come, be it in parts. */
const fetched = (found: Tracked, outcome: Outcome, method: string): Outcome => {
  const { headers, status } = outcome.answer
  if (method !== "GET" || headers?.["content-type"] !== "video/mp4" || (status !== 200 && status !== 206)) return outcome
  const [, from = "0", whole] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers["content-range"] ?? "") ?? []
  const size = whole === undefined ? encode(outcome.answer.body)[0].byteLength : Number(whole)
  const pieces = [...found.pieces, [Number(from), Number(from) + cameOf(outcome)] as const].toSorted(([one], [other]) => one - other)
  const end = pieces.reduce((reached, [first, next]) => (first <= reached ? Math.max(reached, next) : reached), 0)
  found.pieces = end === size ? [] : pieces
  if (end === size) found.fetched += 1
  return outcome
}

/** What goes wrong with a file. HEAD is no download: it uses nothing up, and has no body to break. */
const dueAt = (found: Tracked, endpoint: "content" | "file", method: string): ReadonlyArray<Spoil.Due> => {
  if (method === "GET") return Spoil.due(found.job.script.faults, endpoint, (found.asked[endpoint] += 1))
  return Spoil.due(found.job.script.faults, endpoint, found.asked[endpoint] + 1).filter(({ kind }) => kind.cell?.point !== "body")
}

export const make = (
  { catalogue, duration, filesAt, keys, maxBodyBytes = defaultMaxBodyBytes, script: usual, seed, under, urlTtl = 3_600_000 }: Options,
  { jobs, now, waiting }: World
) => {
  const accepts = (key: string): boolean => (keys === undefined ? !key.startsWith("bad") : keys.includes(key))

  const visible = ({ name }: Provider, id: string, owner: string): Tracked | undefined => {
    const found = jobs.find(name, id)
    return found?.owner === owner ? found : undefined
  }

  /** A link for an answer: one that has expired, if a fault wants that. */
  const urlOf = ({ job, expiries }: Tracked, origin: string): string => {
    const isLapsed =
      job.script.ending === "expired" ||
      job.script.faults.some((fault) => Object.hasOwn(SpoilFile.expiredAs, fault.name) && Fault.isDue(fault, expiries + 1))
    // What wants the key is at the API's own host.
    const isOwn = job.script.faults.some(({ name }) => name === "url-needs-key")
    return (isOwn ? origin : (filesAt ?? origin)) + under + Files.sign(seed, job, isLapsed ? job.createdAt - 1000 : now() + urlTtl)
  }

  const create = ({ provider, submit }: Route & { _tag: "submit" }, body: Body, script: Script.Script, whose: Whose): Job => {
    const { name } = provider
    const id = provider.id(jobs.id(seed, name, body))
    const asked = submit.read(body)
    const isGood = script.ending === "succeeded" || script.ending === "delivered"
    const isDelivered = submit.delivers === true && (asked.isDelivered === true || script.ending === "delivered")
    const own: Script.Script = isGood ? { ...script, ending: isDelivered ? "delivered" : "succeeded" } : script
    const job: Job = { id, provider: name, ...asked, script: own, life: Script.draw(own, seed, id), createdAt: now() }
    jobs.add(job, whose.owner, whose.intent)
    return job
  }

  const submit = async (route: Route & { _tag: "submit" }, request: Request, owner: string, host: Fault.Needs): Promise<Outcome> => {
    const { provider } = route
    const parsed = await parseBody(request, route.submit.media, maxBodyBytes)
    switch (parsed._tag) {
      case "TooLarge":
        return { answer: provider.refuse("TooLarge", `The body is larger than ${maxBodyBytes} bytes`) }
      case "Unsupported":
      case "Invalid":
        return { answer: provider.refuse(parsed._tag, parsed.message) }
      case "Body": {
        const { body } = parsed
        const refuse = (problem: string): Outcome => ({ answer: provider.refuse("Invalid", problem), body })
        const problem = route.submit.refuse(body)
        if (problem !== undefined) return refuse(problem)
        const { prompt } = route.submit.read(body)
        const chosen = choose(request.headers, prompt, waiting, { catalogue, duration, host, provider: provider.name, usual })
        if ("problem" in chosen) return refuse(chosen.problem)
        const intent = intentOf(provider.name, owner, request.headers, body)
        const all = Spoil.due(chosen.script.faults, "submit", jobs.count(intent))
        const early = Spoil.before(all)
        if (early !== undefined) return { ...broken(unaccepted, early), body, intent }
        const other = Spoil.instead(all, provider, now())
        if (other !== undefined) return { answer: other.answer, fault: other.by.fault.name, body, intent }
        const job = create(route, body, chosen.script, { owner, intent })
        const late = Spoil.after(all)
        const accepted = provider.accepted(job)
        const delivered = broken(accepted, late)
        if (isWhole(accepted, delivered)) jobs.answered(intent)
        return { ...delivered, jobId: job.id, body, intent }
      }
    }
  }

  const sceneOf = (tracked: Tracked, moment: Script.Moment, origin: string): Scene => ({
    job: tracked.job,
    moment,
    finishedAt: finishedAt(tracked, now()),
    url: urlOf(tracked, origin)
  })

  /** What the provider says of a job now, the network aside. */
  const state = (provider: Provider, found: Tracked, all: ReadonlyArray<Spoil.Due>, origin: string): Outcome => {
    const other = Spoil.instead(all, provider, now())
    if (other !== undefined) return { answer: other.answer, fault: other.by.fault.name }
    if (isHidden(found, now())) return { answer: provider.refuse("UnknownJob", ""), fault: "not-found-first" }
    const moment = momentOf(found, now())
    if (moment._tag === "Ended") {
      found.endSeenAt ??= now()
      found.pollsSinceEnd += 1
      if (all.some(({ fault }) => fault.name === "goes-back")) {
        const again: Script.Moment = { _tag: "Running", progress: 50 }
        if (found.pollsSinceEnd === 2) return { answer: provider.write(sceneOf(found, again, origin)), fault: "goes-back" }
        if (found.pollsSinceEnd === 3) return { answer: provider.refuse("UnknownJob", ""), fault: "goes-back" }
      }
    }
    const scene = sceneOf(found, moment, origin)
    const answer = provider.write(scene)
    const hasLink = moment._tag === "Ended" && JSON.stringify(answer.body ?? "").includes(scene.url)
    const said = Spoil.worded(all, answer, moment._tag === "Running")
    return { ...said, told: told[moment._tag], ...(hasLink ? { url: scene.url } : {}) }
  }

  const poll = ({ id, provider }: Route & { _tag: "poll" }, owner: string, method: string, origin: string): Outcome => {
    const found = visible(provider, id, owner)
    if (found === undefined) return { answer: provider.refuse("UnknownJob", ""), isStray: true }
    const all = Spoil.due(found.job.script.faults, "poll", found.asked.poll + 1)
    const early = Spoil.before(all)
    found.asked.poll += 1
    if (early !== undefined) return broken(unaccepted, early)
    if (all.some(({ fault }) => fault.name === "flaky")) return { answer: proxyError(503), fault: "flaky" }
    const outcome = state(provider, found, all, origin)
    const hasBody = outcome.answer.body !== undefined && method === "GET"
    if (hasBody) found.bodies += 1
    const late = Spoil.afterPoll(found.job.script.faults, found.asked.poll, found.bodies, hasBody)
    const { told: where, ...delivered } = late === undefined ? outcome : { ...outcome, ...broken(outcome.answer, late) }
    // Of an answer to HEAD nothing is heard.
    if (where === undefined || method !== "GET" || !isWhole(outcome.answer, delivered)) return delivered
    const until = where === "ended" ? Files.goodUntil(outcome.url ?? "") : undefined
    if (where === "ended") {
      found.endToldAt ??= now()
      if (until !== undefined && outcome.isUnclear !== true) found.linkGoodUntil = Math.max(found.linkGoodUntil ?? 0, until)
    }
    if (outcome.isUnclear === true) return delivered
    return { ...delivered, told: where, ...(until === undefined ? {} : { linkGoodUntil: until }) }
  }

  const content = (route: Route & { _tag: "content" }, owner: string, { headers, method }: Request): Outcome => {
    const found = visible(route.provider, route.id, owner)
    if (found === undefined) return { answer: route.content.unknown, isStray: true }
    if (isHidden(found, now())) return { answer: route.content.unknown }
    const all = dueAt(found, "content", method)
    const early = Spoil.before(all)
    if (early !== undefined) return broken(unaccepted, early)
    const refusal = route.content.refuse(momentOf(found, now()))
    if (refusal !== undefined) return { answer: refusal }
    const answer = Files.serve(seed, found.job, headers)
    return fetched(
      found,
      broken({ ...answer, headers: { ...answer.headers, "cache-control": "public, max-age=86400" } }, Spoil.after(all)),
      method
    )
  }

  const file = ({ id, provider }: Route & { _tag: "file" }, url: URL, request: Request, key: string | undefined): Outcome => {
    const found = jobs.find(provider.name, id)
    if (found === undefined || momentOf(found, now())._tag !== "Ended") return { answer: Files.unknownFile }
    const refusal = Files.refuse(seed, found.job, url.searchParams, now())
    if (refusal === Files.expired) {
      found.expiries += 1
      const fault = found.job.script.faults.find((each) => Object.hasOwn(SpoilFile.expiredAs, each.name))?.name
      return fault === undefined ? { answer: refusal } : { answer: SpoilFile.expiredAs[fault] ?? refusal, fault }
    }
    if (refusal !== undefined) return { answer: refusal, isStray: true }
    const all = dueAt(found, "file", request.method)
    const early = Spoil.before(all)
    if (early !== undefined) return broken(unaccepted, early)
    const { answer, cut, fault } = SpoilFile.spoilt(all, {
      seed,
      job: found.job,
      url,
      under,
      headers: request.headers,
      isOwner: key === found.owner,
      hasKey: carriesKey(request.headers, url.searchParams, found.owner)
    })
    const late = Spoil.after(all)
    if (late !== undefined) return fetched(found, broken(answer, late), request.method)
    const outcome = { answer, ...(cut === undefined ? {} : { cut }), ...(fault === undefined ? {} : { fault }) }
    // What is spoilt is no video.
    return fault === undefined || fault === "url-needs-key" ? fetched(found, outcome, request.method) : outcome
  }

  const answer = async (route: Route, request: Request, url: URL, key: string | undefined, host: Fault.Needs): Promise<Outcome> => {
    const { method } = request
    if (route._tag === "unknown") {
      const message = `No handler found for ${method} ${url.pathname.slice(1 + (route.provider?.name.length ?? -1))}`
      return { answer: route.provider?.refuse("UnknownRoute", message) ?? { status: 404, body: { error: message } } }
    }
    const allow = methodsOf(route)
    if (route._tag === "file") {
      return { ...(allow.includes(method) ? file(route, url, request, key) : { answer: Files.wrongMethod }), jobId: route.id }
    }
    const jobId = route._tag === "submit" ? {} : { jobId: route.id }
    if (!allow.includes(method)) {
      const refusal = route.provider.refuse("WrongMethod", `${method} is not allowed here, only ${allow.join(", ")}`)
      return { answer: { ...refusal, headers: { allow: allow.join(", ") } }, ...jobId }
    }
    if (key === undefined || !accepts(key))
      return { answer: route.provider.refuse("Unauthorized", "The key is missing or wrong"), ...jobId }
    switch (route._tag) {
      case "submit":
        return submit(route, request, key, host)
      case "poll":
        return { ...poll(route, key, method, url.origin), ...jobId }
      case "content":
        return { ...content(route, key, request), ...jobId }
    }
  }

  return { accepts, answer }
}
