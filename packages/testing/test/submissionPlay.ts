/** Plays what users, pages and processes do with submissions, in any order, and judges it by the mock's ledger. */
import { Job, JobError, type JobRef, Journal, Outbound } from "@reelay/core"
import { clientOver, ClientClosed } from "@reelay/core/promise"
import { submit$ } from "@reelay/core/rxjs"
import { Ledger } from "@reelay/mock-server"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Exit from "effect/Exit"
import type * as HttpClient from "effect/http/HttpClient"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as fc from "fast-check"
import { type Observable, repeat, retry, take, tap } from "rxjs"
import { type Fate, inWorld, type Post, type Process, provider, type Tampering, type World } from "./submissionWorld.ts"

const prompts = ["A fox.", "An owl."] as const
const keys = ["a", "b"] as const
const apis = ["effect", "submit", "rxjs", "rxjs-retry", "rxjs-repeat", "client", "client-value", "batch", "batch-retry"] as const
type Api = (typeof apis)[number]

/** When a caller leaves again: in the same tick, while a POST may be in flight, or not at all. */
const leaves = ["at once", "soon", "later", "never"] as const

/** A call: for an existing submission, if `again` says so and there is one, otherwise for a new one. */
interface Ask {
  readonly _tag: "Ask"
  readonly again: number | undefined
  readonly api: Api
  readonly prompt: 0 | 1
  readonly key: 0 | 1 | undefined
  readonly may: boolean
  readonly leave: (typeof leaves)[number]
}

type Action =
  | Ask
  | { readonly _tag: "Leave"; readonly which: number }
  | { readonly _tag: "Close"; readonly which: number }
  | { readonly _tag: "Prune" }
  | { readonly _tag: "Forget"; readonly which: number; readonly may: boolean }
  | { readonly _tag: "Resolve"; readonly which: number }
  | { readonly _tag: "Kill" }
  /** The process is frozen, now or once it has written an intent. `takenOver`: another process is started meanwhile. */
  | { readonly _tag: "Freeze"; readonly at: "intent" | "now"; readonly millis: number; readonly takenOver: boolean }
  | { readonly _tag: "Resume" }

export interface Script {
  readonly hasJournal: boolean
  readonly fates: ReadonlyArray<Fate>
  readonly steps: ReadonlyArray<{ readonly action: Action; readonly pause: number }>
}

const index = fc.nat(30)
const bit = fc.constantFrom(0 as const, 1 as const)

const asks: fc.Arbitrary<Ask> = fc.record({
  _tag: fc.constant("Ask" as const),
  again: fc.option(index, { freq: 2, nil: undefined }),
  api: fc.constantFrom(...apis),
  prompt: bit,
  key: fc.option(bit, { freq: 2, nil: undefined }),
  may: fc.integer({ min: 0, max: 5 }).map((die) => die === 0),
  leave: fc.constantFrom(...leaves, "never" as const)
})

const actions: fc.Arbitrary<Action> = fc.oneof(
  { weight: 14, arbitrary: asks },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("Leave" as const), which: index }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Close" as const), which: index }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Prune" as const) }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("Forget" as const), which: index, may: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ _tag: fc.constant("Resolve" as const), which: index }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("Kill" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      _tag: fc.constant("Freeze" as const),
      at: fc.constantFrom("intent" as const, "now" as const),
      millis: fc.constantFrom(3000, 6000, 20_000),
      takenOver: fc.boolean()
    })
  },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("Resume" as const) }) }
)

const fates: fc.Arbitrary<Fate> = fc.record({
  kind: fc.constantFrom(
    "Accepted" as const,
    "Accepted" as const,
    "Accepted" as const,
    "Lost" as const,
    "Reset" as const,
    "Dropped" as const,
    "Silent" as const,
    "Unheard" as const,
    "Unreachable" as const,
    "Busy" as const,
    "Refused" as const
  ),
  after: fc.constantFrom(0, 0, 3000, 15_000),
  late: fc.boolean()
})

export const scripts: fc.Arbitrary<Script> = fc.record({
  hasJournal: fc.integer({ min: 0, max: 3 }).map((die) => die > 0),
  fates: fc.array(fates, { maxLength: 20, size: "max" }),
  steps: fc.array(fc.record({ action: actions, pause: fc.constantFrom(0, 0, 0, 1, 1000, 11_000, 11_000, 660_000) }), {
    minLength: 1,
    maxLength: 25,
    size: "max"
  })
})

type Outcome = { readonly ref: JobRef.JobRef } | { readonly error: unknown }

/** Gets the result. `prompt`: of which request, if there are several. */
type Heard = (outcome: Outcome, prompt?: string) => void

/** Starts the call, and returns how to leave. */
type Asking = (heard: Heard) => () => void

/** A submission value that is kept, or made again each time under a key. */
interface Held {
  readonly name: string
  readonly prompt: string
  readonly process: Process
  /** The key of a request. */
  readonly keyOf: (prompt: string) => string | undefined
  /** The current intent of a request. */
  readonly intentOf: (prompt: string) => string
  /** The era of its key in which it was made. */
  readonly madeIn: ReadonlyMap<string, string>
  /** It is one value, so it has one end. */
  readonly isValue: boolean
  readonly asking: Asking
  readonly close: (() => void) | undefined
  isClosed: boolean
  /** The outcome of each of its requests. */
  readonly ends: Map<string, Outcome>
  readonly listeners: Set<() => void>
  /** How many POSTs there were when the only caller left in the same tick. */
  quiet: number | undefined
}

/** A deviation from the engine, to see that the judge catches it. */
export interface Mutant {
  readonly tampered?: Tampering
  /** An Observable submits again for each subscription. */
  readonly isCold?: boolean
  /** A caller that leaves still asks. */
  readonly staysOn?: boolean
  /** An unknown outcome of the same request is ignored. */
  readonly hasNoGuard?: boolean
  /** Pruning removes keys too. */
  readonly prunesKeys?: boolean
  /** Forgetting makes a key new. */
  readonly forgetsKeys?: boolean
  /** A user says that there is no job without checking. */
  readonly isDishonest?: boolean
}

/** What plays reached: they prove nothing if that is little. */
export type Reached = Map<string, number>

export interface Played {
  readonly findings: ReadonlyArray<string>
  readonly log: ReadonlyArray<string>
}

const pace = 5000
const submitRetry = Schedule.exponential("1 second").pipe(Schedule.upTo({ times: 4 }))
const unknownKinds: ReadonlySet<Fate["kind"]> = new Set(["Lost", "Reset", "Dropped", "Silent", "Unheard"])
/** Longer than an intent stays fresh. */
const stale = 6000
const guardFor = 600_000
/** Longer than a POST without an answer takes. */
const longestPost = 80_000

const isUnknown = (error: unknown): boolean => error instanceof JobError.JobError && error.reason._tag === "SubmitUnknown"
/** Nothing was sent, and nothing is remembered of it. A request that is refused before it is sent is refused each time. */
const isOpen = (error: unknown): boolean =>
  error instanceof JobError.JobError && (error.again === "submit" || error.reason._tag === "InvalidRequest")

const described = (outcome: Outcome): string => {
  if ("ref" in outcome) return `job ${outcome.ref.id}`
  return outcome.error instanceof JobError.JobError ? outcome.error.reason._tag : String(outcome.error)
}

type Kept = Journal.Entry | Journal.Tombstone

/** The name of a key, or of a submission without one. */
const nameOfEntry = ({ batch, key, ...rest }: Kept, nameOf: (id: string) => string): string => {
  if (key === undefined) return "label" in rest && rest.label !== undefined ? rest.label : nameOf(rest.id)
  return batch === undefined ? `key ${key}` : `batch ${key}`
}

const refOf = (entry: Kept): JobRef.JobRef | undefined => (entry._tag === "Entry" ? Journal.refOf(entry) : entry.ref)

class Stage {
  readonly findings: Array<string> = []
  readonly log: Array<string> = []
  held: Array<Held> = []
  /** Jobs whose reference a caller got. */
  readonly known = new Set<string>()
  /** Intents whose unknown outcome was reported to a caller. */
  readonly warned = new Set<string>()
  /** How often a key was reset. */
  readonly renewals = new Map<string, number>()
  /** How often a user said which job a key has: a caller that got an unknown outcome before keeps getting it. */
  readonly resolutions = new Map<string, number>()
  /** The outcome of a key, until it is reset. */
  readonly settled = new Map<string, { readonly prompt: string; readonly job: string }>()
  /** POSTs whose outcome a user resolved, or wants to forget. */
  readonly cleared = new Set<Post>()
  /** Of entries without a key, as they were first seen: a tombstone has no label. */
  readonly labels = new Map<string, string>()
  /** When each was left. */
  readonly leftAt = new Map<string, Set<number>>()
  made = 0
  /** The next frozen process counts as dead. */
  isTakenOver = false
  readonly world: World
  readonly mutant: Mutant
  readonly reached: Reached

  constructor(world: World, mutant: Mutant, reached: Reached) {
    this.world = world
    this.mutant = mutant
    this.reached = reached
  }

  note(what: string): void {
    this.log.push(`${this.world.now} ${what}`)
  }

  count(what: string): void {
    this.reached.set(what, (this.reached.get(what) ?? 0) + 1)
  }

  wrong(what: string): void {
    this.findings.push(what)
    this.note(`WRONG: ${what}`)
  }

  /** A key is one intent until it is reset; without a journal, within one process. */
  intentOfKey(name: string, process: Process): string {
    return process.journal === undefined ? `${name} of process ${process.nth}` : `${name} #${this.renewals.get(name) ?? 0}`
  }

  eraOf({ intentOf, keyOf }: Pick<Held, "intentOf" | "keyOf">, prompt: string): string {
    return `${intentOf(prompt)}, ${this.resolutions.get(keyOf(prompt) ?? "") ?? 0}`
  }

  /** A POST begins. */
  begun(intent: string, prompt: string, may: boolean, process: Process): string {
    const { posts } = this.world
    this.note(`POST ${posts.length + 1}, ${JSON.stringify(this.world.fates[0] ?? "Accepted")}, of ${intent} by process ${process.nth}`)
    this.count("POSTs")
    const twin = may ? undefined : posts.find((post) => post.intent !== intent && this.isStanding(post, prompt, process))
    if (twin !== undefined) this.wrong(`${intent} is posted though ${twin.intent}, the same request, has an unknown outcome`)
    return intent
  }

  /** Its outcome is unknown, for less than ten minutes, and this process can know it. The last check of that is a little before the POST. */
  isStanding(post: Post, prompt: string, now: Process): boolean {
    const { answered, begun, fate, isOver, process } = post
    if (post.prompt !== prompt || this.cleared.has(post)) return false
    const isYoung = (at: number): boolean => at < this.world.now - stale && this.world.now - begun < guardFor - longestPost
    if (process === now) return unknownKinds.has(fate.kind) && answered !== undefined && isYoung(answered)
    // Another process is known only by the journal, which is read whole as this one begins.
    if (process.journal === undefined || process.died === undefined || process.died > now.booted) return false
    const isUncertain = unknownKinds.has(fate.kind) && (answered !== undefined || isOver !== true)
    return isUncertain && isYoung(process.died)
  }

  heard(held: Held, asked: ReadonlyMap<string, string>, outcome: Outcome, prompt: string): void {
    const { ends, isValue, keyOf, madeIn, name, process } = held
    if (!process.isAlive) return
    this.note(`${name}, ${prompt}: ${described(outcome)}`)
    const intent = held.intentOf(prompt)
    if ("ref" in outcome) {
      this.known.add(outcome.ref.id)
      this.count("got a job")
    } else {
      const { error } = outcome
      if (error instanceof ClientClosed && held.isClosed) return
      if (!(error instanceof JobError.JobError)) return this.wrong(`${name} ends with ${String(error)}`)
      if (isUnknown(error)) this.warned.add(intent)
      this.count(`got ${error.reason._tag}`)
    }
    const before = ends.get(prompt)
    if (before !== undefined && isValue) this.judgeValue(name, before, outcome, keyOf(prompt) !== undefined)
    // A call from before a key was reset, or by an old value, says nothing about the new one.
    const era = this.eraOf(held, prompt)
    const isCurrent = asked.get(prompt) === era && (!isValue || (madeIn.get(prompt) === era && before === undefined))
    if (keyOf(prompt) !== undefined && isCurrent) this.judgeKey(intent, prompt, outcome, isValue)
    if (!("error" in outcome && isOpen(outcome.error))) ends.set(prompt, outcome)
  }

  /** Accepted, SubmitUnknown and a refusal are final for a value. */
  judgeValue(name: string, before: Outcome, now: Outcome, isKeyed: boolean): void {
    this.count("a value asked again")
    if ("ref" in before && "ref" in now && now.ref.id === before.ref.id) return
    // Under a key it may be read from the journal, and is then another object.
    if ("error" in before && "error" in now && (now.error === before.error || (isKeyed && isUnknown(now.error) && isUnknown(before.error))))
      return
    if ("error" in before && isUnknown(before.error) && "ref" in now) return this.count("an id that came late")
    this.wrong(`${name} was ${described(before)}, and then ${described(now)}`)
  }

  judgeKey(intent: string, prompt: string, outcome: Outcome, isValue: boolean): void {
    const known = this.settled.get(intent)
    if (known === undefined) {
      if ("ref" in outcome) this.settled.set(intent, { prompt, job: outcome.ref.id })
      return
    }
    if (known.prompt !== prompt) {
      if ("ref" in outcome) this.wrong(`${intent} gives its job to another request`)
      else this.count("a key asked with another request")
      return
    }
    this.count("a key asked again")
    // A value with an unknown outcome stays so, even if it turned out that nothing was sent, and another has paid for the key since.
    if ("ref" in outcome ? outcome.ref.id !== known.job : !isValue && isUnknown(outcome.error))
      this.wrong(`${intent} was the job ${known.job}, and then ${described(outcome)}`)
  }

  ask(held: Held, leave: Ask["leave"]): void {
    const isAlone = held.listeners.size === 0
    this.judgeQuiet(held)
    const posts = this.postsOf(held)
    this.note(`${held.name} is asked, to leave ${leave}`)
    const asked = new Map(prompts.map((prompt) => [prompt, this.eraOf(held, prompt)] as const))
    let isGone = false
    const leaving = (): void => {
      if (isGone || !held.process.isAlive) return
      isGone = true
      held.listeners.delete(leaving)
      this.note(`${held.name} is left`)
      this.leftAt.set(held.name, (this.leftAt.get(held.name) ?? new Set<number>()).add(this.world.now))
      if (this.mutant.staysOn !== true) stop()
    }
    held.listeners.add(leaving)
    const stop = held.asking((outcome, prompt = held.prompt) => this.heard(held, asked, outcome, prompt))
    if (leave === "at once") {
      leaving()
      this.count("left at once")
      if (isAlone && prompts.every((prompt) => held.keyOf(prompt) === undefined)) held.quiet = posts
    }
    if (leave === "soon") void this.after(held.process, 100).then(leaving)
    if (leave === "later") void this.after(held.process, 4000).then(leaving)
  }

  /** The world as a process that may be frozen sees it. */
  async after({ frozenUntil }: Process, millis: number): Promise<void> {
    await this.world.pass(millis)
    if (this.world.now < frozenUntil) await this.world.pass(frozenUntil - this.world.now)
  }

  postsOf({ name }: Held): number {
    return this.world.posts.filter(({ intent }) => intent === name || intent.startsWith(`${name} `)).length
  }

  /** A caller that left in the tick of the call caused no POST. */
  judgeQuiet(held: Held): void {
    if (held.quiet !== undefined && this.postsOf(held) !== held.quiet)
      this.wrong(`${held.name} was left in the tick of the call, and is posted`)
    held.quiet = undefined
  }

  /** The journal's entries, with their names. */
  async kept(): Promise<ReadonlyArray<readonly [string, Kept]>> {
    const { journal } = this.world.process
    if (journal === undefined) return []
    const all = await this.world.keep(journal.all)
    for (const each of all) if (each._tag === "Entry" && each.label !== undefined) this.labels.set(each.id, each.label)
    return all.flatMap((each) => (each._tag === "Damaged" ? [] : [[nameOfEntry(each, (id) => this.labels.get(id) ?? id), each] as const]))
  }

  renew(name: string): void {
    this.renewals.set(name, (this.renewals.get(name) ?? 0) + 1)
    this.clear(name)
    this.count("a key made new")
  }

  clear(name: string): void {
    for (const post of this.world.posts) if (isOf(name, post)) this.cleared.add(post)
  }

  /** A user looks it up in the account, and resolves it. */
  async resolve(which: number): Promise<void> {
    const { world } = this
    const open = (await this.kept()).filter(([, entry]) => refOf(entry) === undefined)
    const found = open[which % Math.max(1, open.length)]
    if (found === undefined) return
    const [name, entry] = found
    const ofKey = world.posts.filter((post) => isOf(name, post))
    const current = entry.key === undefined ? name : this.intentOfKey(name, world.process)
    const job = ofKey.findLast((post) => post.intent === current && post.job !== undefined)
    const mayCome = ofKey.some((post) => post.job === undefined && post.isOver !== true && post.fate.kind !== "Unheard")
    if (job?.job === undefined && mayCome && this.mutant.isDishonest !== true) return
    const isTrue = job?.job === undefined && !mayCome
    const ref = job?.job === undefined || this.mutant.isDishonest === true ? undefined : refTo(job, job.job)
    const result = await world.keep(Effect.result(Journal.resolve(entry.id, ref === undefined ? "NotCreated" : { ref })))
    this.note(`${name} is resolved as ${ref?.id ?? "NotCreated"}: ${result._tag}`)
    this.count(`resolved as ${ref === undefined ? "NotCreated" : "a job"}: ${result._tag}`)
    if (result._tag === "Failure") return
    if (ref === undefined) return isTrue ? this.renew(name) : undefined
    this.known.add(ref.id)
    this.resolutions.set(name, (this.resolutions.get(name) ?? 0) + 1)
    this.clear(name)
    const prompt = job?.prompt
    if (prompt !== undefined && entry.key !== undefined) this.settled.set(current, { prompt, job: ref.id })
  }

  async forget(which: number, may: boolean): Promise<void> {
    const all = await this.kept()
    const found = all[which % Math.max(1, all.length)]
    if (found === undefined) return
    const [name, entry] = found
    const isWhole = entry.batch !== undefined && which % 3 === 0
    const maySubmitAgain = may || this.mutant.forgetsKeys === true
    const { batch, id, key } = entry
    const named = batch === undefined ? (key ?? id) : isWhole ? { batch } : { batch, key: key ?? "" }
    const result = await this.world.keep(Effect.result(Journal.forget(named, { maySubmitAgain })))
    this.note(`${isWhole ? "the whole batch" : name} is forgotten, ${may ? "to be submitted again" : "and its key stays"}: ${result._tag}`)
    this.count(`forgotten, ${may ? "to be submitted again" : "with its key kept"}: ${result._tag}`)
    const dropped = isWhole ? all.filter(([, other]) => other.batch === batch) : [found]
    // The user has seen what is dropped.
    for (const [each] of dropped) for (const post of this.world.posts) if (isOf(each, post)) this.warned.add(post.intent)
    if (!may) return
    // A call that fails midway has forgotten some.
    const left = new Map((await this.kept()).map(([each, { attempt }]) => [each, attempt]))
    for (const [each, gone] of dropped) if (!left.has(each) || left.get(each) !== gone.attempt) this.renew(each)
  }

  async prune(): Promise<void> {
    const { journal } = this.world.process
    if (journal === undefined) return
    const closed = (await this.kept()).filter(([, each]) => each._tag === "Entry" && each.fate._tag === "Closed")
    if (this.mutant.prunesKeys === true) for (const [, { id }] of closed) await this.world.keep(journal.remove(id))
    else await this.world.keep(Journal.prune(0))
    if (closed.some(([, { key }]) => key !== undefined)) this.count("pruned a key")
  }

  resume(): void {
    const { process } = this.world
    if (process.journal === undefined) return
    this.world.fork(
      Stream.runForEach(Job.resumeAll([provider], { pace }), (event) =>
        Effect.sync(() => {
          if (!process.isAlive) return
          if (event._tag === "State") this.known.add(event.state.ref.id)
          this.count(`resumed: ${event._tag}`)
        })
      ).pipe(Effect.provideService(Journal.Journal, process.journal)),
      () => "resumeAll, which sends no POST"
    )
  }

  async act(action: Action): Promise<void> {
    const { world } = this
    this.takeOver()
    // A frozen process does nothing.
    if (world.now < world.process.frozenUntil && action._tag !== "Kill") await world.pass(world.process.frozenUntil - world.now)
    const here = this.held.filter(({ process }) => process === world.process)
    switch (action._tag) {
      case "Ask": {
        const old = action.again === undefined ? undefined : here[action.again % Math.max(1, here.length)]
        const held = old ?? (await makeHeld(this, action))
        if (old === undefined) this.held.push(held)
        return this.ask(held, action.leave)
      }
      case "Leave": {
        const held = here[action.which % Math.max(1, here.length)]
        for (const leaving of held?.listeners ?? []) return leaving()
        return
      }
      case "Close": {
        const closing = here.filter(({ close }) => close !== undefined)
        const held = closing[action.which % Math.max(1, closing.length)]
        if (held === undefined) return
        this.note(`the client of ${held.name} is closed`)
        this.count("closed")
        held.isClosed = true
        return held.close?.()
      }
      case "Prune":
        return this.prune()
      case "Forget":
        return this.forget(action.which, action.may)
      case "Resolve":
        return this.resolve(action.which)
      case "Kill":
        this.note("kill -9")
        this.count(
          world.posts.some(({ isOver, process }) => process === world.process && isOver !== true)
            ? "killed with a POST on its way"
            : "killed"
        )
        world.restart()
        return
      case "Freeze":
        if (action.at === "intent") world.freezeAtIntent = action.millis
        else world.freeze(world.process, action.millis)
        this.isTakenOver = action.takenOver
        return
      case "Resume":
        return this.resume()
    }
  }

  /** A process that thaws before its intent is stale may still post: that window is documented. */
  takeOver(): void {
    const { now, process } = this.world
    if (!this.isTakenOver || now >= process.frozenUntil || process.frozenUntil - process.frozenSince < stale) return
    this.isTakenOver = false
    this.note(`process ${process.nth} stands still since ${process.frozenSince}, and another takes over`)
    this.count("taken over")
    this.world.boot()
  }

  /** The end: nothing more will happen. */
  async judge(): Promise<void> {
    const { mock, posts } = this.world
    for (const held of this.held) this.judgeQuiet(held)
    for (const { kind, what, jobs } of Ledger.of(mock.jobs, this.world.now).findings) {
      if (kind !== "paid-twice") continue
      this.wrong(`${posts.find(({ job }) => job === jobs[0])?.intent ?? "?"}: ${what}`)
    }
    const kept = await this.kept()
    for (const { id } of mock.jobs) {
      const post = posts.find(({ job }) => job === id)
      if (post === undefined) this.wrong(`the job ${id} is of no POST`)
      else if (!this.isKnown(post, id, kept)) this.wrong(`the job ${id} of ${post.intent} is unknown to every process`)
    }
  }

  isKnown(post: Post, job: string, kept: ReadonlyArray<readonly [string, Kept]>): boolean {
    if (this.known.has(job) || this.warned.has(post.intent)) return true
    const stands = ([name, entry]: readonly [string, Kept]): boolean => {
      const ref = refOf(entry)
      return ref === undefined ? isOf(name, post) : ref.id === job
    }
    if (kept.some(stands)) return true
    const { answered, process } = post
    // Without a journal no process survives to know.
    const isLostWithIt = process.journal === undefined && process.died !== undefined && (answered ?? process.died) >= process.died
    if (isLostWithIt) this.count("lost with a process that has no journal")
    return isLostWithIt
  }
}

/** Whether a POST belongs to a key, or to a submission without one. */
const isOf = (name: string, { intent }: Post): boolean => intent === name || intent.startsWith(`${name} #`)

const refTo = ({ begun }: Post, id: string): JobRef.JobRef => ({
  provider: "xai",
  kind: "generation",
  id,
  baseUrl: provider.baseUrl,
  account: "me",
  submittedAt: begun
})

/** A caller that leaves by an AbortSignal gets its reason. */
const left = Symbol("left")

const forked =
  <A, E>(effect: Effect.Effect<A, E>, ref: (value: A) => JobRef.JobRef): Asking =>
  (heard) => {
    const fiber = Effect.runFork(effect)
    fiber.addObserver((exit) => {
      if (Exit.isSuccess(exit)) heard({ ref: ref(exit.value) })
      else if (!Cause.hasInterruptsOnly(exit.cause)) heard({ error: Cause.squash(exit.cause) })
    })
    return () => fiber.interruptUnsafe()
  }

const observed =
  (states: Observable<{ readonly ref: JobRef.JobRef }>): Asking =>
  (heard) => {
    const subscription = states.subscribe({ next: ({ ref }) => heard({ ref }), error: (error: unknown) => heard({ error }) })
    return () => subscription.unsubscribe()
  }

const promised =
  (job: (signal: AbortSignal) => Promise<{ readonly ref: JobRef.JobRef }>): Asking =>
  (heard) => {
    const controller = new AbortController()
    job(controller.signal).then(
      ({ ref }) => heard({ ref }),
      (error: unknown) => (error === left ? undefined : heard({ error }))
    )
    return () => controller.abort(left)
  }

const streamed =
  (events: Stream.Stream<Job.BatchEvent, unknown>, promptOf: (film: string) => string): Asking =>
  (heard) => {
    const fiber = Effect.runFork(
      Stream.runForEach(events, (event) =>
        Effect.sync(() => {
          const prompt = promptOf(event.key)
          if (event._tag === "State") heard({ ref: event.state.ref }, prompt)
          if (event._tag === "Saved") heard({ ref: event.ref }, prompt)
          if (event._tag === "Error") heard({ error: event.error }, prompt)
        })
      )
    )
    fiber.addObserver((exit) => {
      if (Exit.isFailure(exit) && !Cause.hasInterruptsOnly(exit.cause)) heard({ error: Cause.squash(exit.cause) })
    })
    return () => fiber.interruptUnsafe()
  }

/** An API whose every call pays again is called once. */
const once = (asking: Asking): Asking => {
  let isAsked = false
  return (heard) => {
    if (isAsked) return () => undefined
    isAsked = true
    return asking(heard)
  }
}

const refused =
  (error: unknown): Asking =>
  (heard) => {
    heard({ error })
    return () => undefined
  }

/** Makes the requested submission. */
const makeHeld = async (stage: Stage, { api, key: nth, may, prompt: which }: Ask): Promise<Held> => {
  const { mutant, world } = stage
  const { process } = world
  const { journal } = process
  const prompt = prompts[which]
  const plain = `${api} ${++stage.made}`
  const isBatch = api === "batch" || api === "batch-retry"
  const isKept = isBatch && journal !== undefined
  // With the other prompt first, each key of the batch gets another request.
  const films: ReadonlyArray<readonly [string, string]> = [
    ["a", prompts[which]],
    ["b", prompts[which === 0 ? 1 : 0]]
  ]
  const filmOf = (video: string): string => films.find(([, each]) => each === video)?.[0] ?? "?"
  const promptOf = (film: string): string => films.find(([each]) => each === film)?.[1] ?? "?"
  const key = nth === undefined || isBatch ? undefined : keys[nth]
  const keyOf = (video: string): string | undefined => {
    if (isBatch) return isKept ? `batch ${filmOf(video)}` : undefined
    return key === undefined ? undefined : `key ${key}`
  }
  const intentOf = (video: string): string => {
    const name = keyOf(video)
    if (name !== undefined) return stage.intentOfKey(name, process)
    return isBatch ? `${plain} ${filmOf(video)}` : plain
  }
  const services = world.services((video) => stage.begun(intentOf(video), video, may, process), process)
  const submitted =
    (video: string) =>
    ({ id }: JobRef.JobRef): void => {
      if (!process.isAlive) return
      stage.note(`onSubmitted: ${id} of ${intentOf(video)}`)
      stage.known.add(id)
    }
  const unknown = (video: string) => (): void => {
    if (!process.isAlive) return
    stage.count("onUnknown")
    stage.warned.add(intentOf(video))
  }
  // `retry` gets it too, and its subscriber may leave before it gives up.
  const swallowed = (error: unknown): void => {
    if (process.isAlive && error instanceof JobError.JobError && isUnknown(error)) stage.warned.add(intentOf(prompt))
  }
  const terms = {
    pace,
    submitRetry,
    maySubmitAgain: may || mutant.hasNoGuard === true,
    label: plain,
    ...(key === undefined ? {} : { key })
  }
  const options: Job.SubmitOptions = {
    ...terms,
    onSubmitted: (ref) => Effect.sync(() => submitted(prompt)(ref)),
    onUnknown: () => Effect.sync(unknown(prompt))
  }
  const promises = { ...terms, onSubmitted: submitted(prompt), onUnknown: unknown(prompt) }
  const request = { prompt }
  const provided = <A, E>(effect: Effect.Effect<A, E, HttpClient.HttpClient>): Effect.Effect<A, E> => Effect.provide(effect, services)
  const held = (asking: Asking, { close, isValue = true }: { readonly close?: () => void; readonly isValue?: boolean } = {}): Held => ({
    name: plain,
    prompt,
    process,
    keyOf,
    intentOf,
    madeIn: new Map(prompts.map((video) => [video, stage.eraOf({ intentOf, keyOf }, video)] as const)),
    isValue,
    asking,
    close,
    isClosed: false,
    ends: new Map(),
    listeners: new Set(),
    quiet: undefined
  })
  stage.count(`asked through ${api}`)
  switch (api) {
    case "effect": {
      const made = await Effect.runPromise(provided(Effect.result(Job.submission(provider, request, options))))
      return held(made._tag === "Success" ? forked(made.success.job, ({ ref }) => ref) : refused(made.failure))
    }
    case "submit": {
      const asking = forked(provided(Job.submit(provider, request, options)), ({ ref }) => ref)
      return held(key === undefined ? once(asking) : asking, { isValue: false })
    }
    case "rxjs":
    case "rxjs-repeat":
    case "rxjs-retry": {
      const given = { ...promises, transport: services, logLevel: "none" as const, journal }
      if (mutant.isCold === true) {
        return held((heard) => observed(submit$(provider, request, { ...given, maySubmitAgain: true }).pipe(retry(1), take(1)))(heard))
      }
      const states = submit$(provider, request, given)
      if (api === "rxjs-retry") return held(observed(states.pipe(tap({ error: swallowed }), retry(3), take(1))))
      return held(observed(api === "rxjs-repeat" ? states.pipe(repeat(2)) : states.pipe(take(1))))
    }
    case "client":
    case "client-value": {
      const client = clientOver(
        Outbound.fromContext(Effect.runSync(Layer.buildWithScope(services, Scope.makeUnsafe()))),
        { provider, pace, submitRetry, logLevel: "none", journal },
        {}
      )
      const close = (): void => void client.close()
      if (api === "client") {
        const asking = promised((signal) => client.submit(request, { ...promises, signal }))
        return held(key === undefined ? once(asking) : asking, { close, isValue: false })
      }
      const made = await client.submission(request, promises).catch((error: unknown) => ({ error }))
      return held("error" in made ? refused(made.error) : promised((signal) => made.job({ signal })), { close })
    }
    case "batch":
    case "batch-retry": {
      const { maySubmitAgain } = terms
      const requests = films.map(([film, video]) => [film, { prompt: video }] as const)
      const events = Job.runAll(provider, requests, {
        pace,
        submitRetry,
        maySubmitAgain,
        ...(isKept ? { batch: "winter" } : {}),
        onSubmitted: (ref, film) => Effect.sync(() => submitted(promptOf(film))(ref)),
        onUnknown: (_error, film) => Effect.sync(unknown(promptOf(film)))
      })
      const all = api === "batch" ? events : Stream.repeat(events, Schedule.recurs(1))
      return held(streamed(Stream.provide(all, services), promptOf))
    }
  }
}

/** Plays one script to its end, with all its consequences. */
export const play = (script: Script, reached: Reached = new Map(), mutant: Mutant = {}): Promise<Played> =>
  inWorld(
    async (world) => {
      const stage = new Stage(world, mutant, reached)
      world.fates.push(...script.fates)
      for (const { action, pause } of script.steps) {
        await stage.act(action)
        if (pause > 0) await world.pass(pause)
      }
      await world.pass(1_000_000)
      await stage.judge()
      if (world.frozen > 0) stage.count("frozen after an intent")
      return { findings: stage.findings, log: stage.log }
    },
    { hasJournal: script.hasJournal, ...(mutant.tampered === undefined ? {} : { tampered: mutant.tampered }) }
  )
