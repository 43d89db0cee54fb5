/** Exploration over HTTP: POST /__mock/explore begins one, and POST /__mock/explore/{session} brings the verdict on a world, and gets the next. */
import * as Schema from "effect/Schema"
import type { Answer } from "../answer/Answer.ts"
import { jsonOf } from "../base/json.ts"
import { shown } from "../base/shown.ts"
import { stranger } from "../base/stranger.ts"
import { describe, lawNames, severities } from "../judge/laws.ts"
import { type Options, toQuery } from "../judge/options.ts"
import * as Verdict from "../judge/Verdict.ts"
import type { Provider } from "../provider/Provider.ts"
import * as Fault from "../script/Fault.ts"
import * as World from "../script/World.ts"
import * as Explore from "./Explore.ts"
import { unavoidable } from "./unavoidable.ts"
import type { Played, Worlds } from "./worlds.ts"

/** What begins an exploration. */
const askedOf = (names: ReadonlyArray<string>) =>
  Schema.Struct({
    seed: Schema.optionalKey(Schema.Union([Schema.String, Schema.Int])),
    /** One or several names. Default: all. */
    provider: Schema.optionalKey(Schema.Union([Schema.Literals(names), Schema.NonEmptyArray(Schema.Literals(names))])),
    runs: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 10_000 }))),
    /** Names of classes, or of faults. Default: every class. */
    faults: Schema.optionalKey(Schema.Array(Schema.String)),
    clock: Schema.optionalKey(Schema.Literals(["given", "lockstep"])),
    /** Milliseconds between two polls, as of GET /__mock/verify. */
    floor: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 86_400_000 }))),
    /** What the verdicts allow, fail on and count, as of GET /__mock/verify. */
    allow: Schema.optionalKey(Schema.Array(Schema.Literals(lawNames))),
    failOn: Schema.optionalKey(Schema.Array(Schema.Literals(severities))),
    copies: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000_000 })))
  })

const Judged = Schema.Struct({
  verdict: Schema.Literals(["pass", "fail"]),
  /** What the client has to say of it. */
  message: Schema.optionalKey(Schema.String),
  /** Of which case it is: a verdict that is sent twice counts once. */
  case: Schema.optionalKey(Schema.Int)
})

const readVerdict = Schema.decodeUnknownResult(Judged)

interface Session {
  readonly id: string
  readonly plan: Explore.Plan
  readonly options: Options
  search: Explore.Search
  /** How many worlds were handed out before this one. */
  nth: number
}

/** Forgotten ones end with 404; nobody has so many under way. */
const limit = 100

const ok = (body: unknown): Answer => ({ status: 200, body })
const wrong = (status: number, error: string): Answer => ({ status, body: { error } })

/** The names of faults that a request asks for; those of a class are left out if the host can't show them. */
const faultsOf = (
  asked: ReadonlyArray<string>,
  host: Fault.Needs,
  catalogue: Fault.Catalogue
): ReadonlyArray<string> | { readonly problem: string } => {
  const names: Array<string> = []
  for (const name of asked) {
    const those = Object.entries(Explore.classes).find(([each]) => each === name)?.[1]
    const kind = catalogue.kindOf(name)
    if (those !== undefined) names.push(...those.filter((each) => Fault.isExpressible(Fault.kindOf(each) ?? { needs: "socket" }, host)))
    else if (kind === undefined) {
      return {
        problem: `"${name}" is neither a fault, see GET /__mock/faults, nor a class; there are ${Object.keys(Explore.classes).join(", ")}`
      }
    } else if (Fault.isExpressible(kind, host)) names.push(name)
    else return { problem: `the fault ${name} needs a socket, and this host has none` }
  }
  return [...new Set(names)]
}

export class Explorer {
  private readonly worlds: Worlds<Played>
  private readonly catalogue: Fault.Catalogue
  private readonly names: ReadonlyArray<string>
  private readonly asked: ReturnType<typeof askedOf>
  private readonly sessions = new Map<string, Session>()
  private begun = 0

  get explorations(): number {
    return this.begun
  }

  /** `providers`: those whose clients may be explored. */
  constructor(worlds: Worlds<Played>, providers: ReadonlyArray<Provider>, catalogue: Fault.Catalogue) {
    this.worlds = worlds
    this.catalogue = catalogue
    this.names = providers.flatMap(({ gateway, name }) => (gateway === undefined ? [name] : []))
    this.asked = askedOf(this.names)
  }

  /** Answers a request below `/__mock/explore`; `undefined` if it is for something else. */
  answer(request: Request, url: URL, host: Fault.Needs): Promise<Answer> | undefined {
    const [, id] = /^\/__mock\/explore(?:\/([^/]+))?$/.exec(url.pathname) ?? []
    if (id === undefined && url.pathname !== "/__mock/explore") return undefined
    return this.reply(request, url, host, id)
  }

  private async reply(request: Request, url: URL, host: Fault.Needs, id: string | undefined): Promise<Answer> {
    const { method } = request
    const allow = id === undefined ? ["POST"] : ["GET", "POST"]
    if (!allow.includes(method)) {
      return { ...wrong(405, `${url.pathname} takes ${allow.join(", ")} only`), headers: { allow: allow.join(", ") } }
    }
    const session = id === undefined ? undefined : this.sessions.get(id)
    if (id !== undefined && session === undefined) {
      return wrong(404, `There is no exploration ${id}: POST /__mock/explore begins one, and the newest ${limit} are kept`)
    }
    if (session !== undefined && method === "GET") return this.told(session, url)
    const read = await jsonOf(request)
    if ("problem" in read) return wrong(400, read.problem)
    return session === undefined ? this.start(read.json, url, host) : this.judge(session, read.json, url)
  }

  private start(body: unknown, url: URL, host: Fault.Needs): Answer {
    const read = Schema.decodeUnknownResult(this.asked)(body ?? {})
    if (read._tag === "Failure")
      return wrong(400, `The body must be JSON as {"seed": 1, "provider": "xai", "runs": 100}: ${String(read.failure)}`)
    const problem = stranger("field of an exploration", Object.keys(Object(body ?? {})), Object.keys(this.asked.fields))
    if (problem !== undefined) return wrong(400, problem)
    const { allow = [], clock, copies, failOn, floor, provider = this.names, runs = 100, seed = 1 } = read.success
    const faults = faultsOf(read.success.faults ?? Object.keys(Explore.classes), host, this.catalogue)
    if ("problem" in faults) return wrong(400, faults.problem)
    const [first, ...others] = typeof provider === "string" ? [provider] : provider
    if (first === undefined) return wrong(400, "There is no provider here whose client could be explored")
    const plan: Explore.Plan = {
      seed: String(seed),
      providers: [first, ...others],
      catalogue: this.catalogue,
      runs,
      faults,
      ...(clock === "lockstep" ? { clock } : {})
    }
    const id = String(++this.begun)
    const options: Options = {
      allow,
      ...(floor === undefined ? {} : { floors: Object.fromEntries(plan.providers.map((each) => [each, floor])) }),
      ...(failOn === undefined ? {} : { failOn }),
      ...(copies === undefined ? {} : { copies })
    }
    const session: Session = { id, plan, options, search: Explore.begin(plan), nth: 0 }
    this.sessions.set(id, session)
    const [oldest] = this.sessions.keys()
    if (this.sessions.size > limit && oldest !== undefined) this.sessions.delete(oldest)
    const { body: told } = this.told(session, url)
    return ok({ ...Object(told), faults })
  }

  private judge(session: Session, body: unknown, url: URL): Answer {
    const read = readVerdict(body)
    if (read._tag === "Failure")
      return wrong(400, 'The body must be JSON as {"verdict": "pass"} or {"verdict": "fail", "message": "…", "case": 3}')
    const problem = stranger("field of a verdict", Object.keys(Object(body)), Object.keys(Judged.fields))
    if (problem !== undefined) return wrong(400, problem)
    const { case: about, message, verdict } = read.success
    const { nth, search } = session
    if (about !== undefined && about > nth) return wrong(409, `Case ${about} was never handed out; this is case ${nth}`)
    if ((about !== undefined && about < nth) || !("world" in search)) return this.told(session, url)
    const called = calledOf(session, search.world)
    const findings = this.findings(called, optionsIn(session, search.world))
    const isGood = verdict === "pass" && findings.length === 0
    const said = message === undefined ? {} : { message: String(shown(message, undefined)) }
    session.search = Explore.judged(session.plan, search, isGood ? undefined : { findings, ...said })
    session.nth += 1
    this.worlds.forget(called)
    return this.told(session, url)
  }

  private findings(called: string, options: Options): ReadonlyArray<Verdict.Finding> {
    const found = this.worlds.at(called)
    if ("problem" in found) return [{ law: "unused", severity: describe("unused").severity, breaksOk: true, what: found.problem }]
    return Verdict.of(found.mock, options).findings.filter(({ breaksOk }) => breaksOk)
  }

  private told(session: Session, { origin }: URL): Answer {
    const { id, nth, search } = session
    const place = (world: World.World, called: string) => ({
      base: `${origin}/r/${called}`,
      token: World.toToken(world),
      world: World.toJson(world),
      steps: World.steps(world)
    })
    switch (search._tag) {
      case "Exploring":
      case "Shrinking": {
        const phase = search._tag === "Exploring" ? "exploring" : "shrinking"
        return ok({ session: id, case: nth, done: false, phase, ...place(search.world, calledOf(session, search.world)) })
      }
      case "Passed":
        return ok({ session: id, case: nth, done: true, ok: true, runs: search.runs })
      case "Failed": {
        const { failure, runs, shrinks } = search
        const smallest = place(search.smallest, World.toToken(search.smallest))
        const verify = `${smallest.base}/__mock/verify${toQuery(optionsIn(session, search.smallest))}`
        return ok({ session: id, case: nth, done: true, ok: false, runs, shrinks, smallest: { ...smallest, verify }, ...failure })
      }
    }
  }
}

/** Each case has a world of its own, whatever was played under the same token before. */
const calledOf = ({ id, nth }: Session, world: World.World): string => `${World.toToken(world)}.${id}-${nth}`

/** What is judged in a world of a session: not what its client can't help. */
const optionsIn = ({ options }: Session, world: World.World): Options => ({
  ...options,
  allow: [...new Set([...(options.allow ?? []), ...unavoidable(world)])]
})
