/** A world for submissions: one mock, one connection to it that can fail, virtual time, and processes that die and leave a store behind. */
import { Journal, KeyValueJournal } from "@reelay/core"
import { Ledger, Mock } from "@reelay/mock-server"
import { xai } from "@reelay/providers/xai"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as References from "effect/References"
import * as Virtual from "../src/internal/virtual.ts"

/**
 * How a POST ends. `after`: milliseconds until the answer.
 *
 * - `Accepted`: as it arrives, or, with `late`, directly before the answer.
 * - `Lost`: accepted, and a proxy answers 502. `Reset`: accepted, and the connection breaks.
 * - `Dropped`: the connection breaks before the provider has it, which can't be told from `Reset`.
 * - `Silent`: accepted, and no answer ever comes. `Unheard`: not accepted, and no answer either.
 * - `Unreachable`: no connection. `Busy`: 429. `Refused`: 400.
 */
export interface Fate {
  readonly kind: "Accepted" | "Lost" | "Reset" | "Dropped" | "Silent" | "Unheard" | "Unreachable" | "Busy" | "Refused"
  readonly after?: number
  readonly late?: boolean
}

/** A POST that a process has sent. */
export interface Post {
  /** The caller's intent: two POSTs of one intent are meant to be one job. */
  readonly intent: string
  readonly prompt: string
  readonly process: Process
  readonly fate: Fate
  readonly begun: number
  /** The job that it made. */
  job?: string
  /** When its process got an answer or an error, if it was alive. */
  answered?: number
  /** It will have no result any more. */
  isOver?: true
}

export interface Process {
  readonly nth: number
  readonly clock: Clock.Clock
  journal: Journal.Journal["Service"] | undefined
  isAlive: boolean
  /** It is frozen until then: by a SIGSTOP, or on a paused machine. */
  frozenUntil: number
  frozenSince: number
  readonly booted: number
  died?: number
}

/** Returns the intent of a POST, at the moment when it begins. */
export type IntentOf = (prompt: string) => string

/** Breaks the engine's surroundings on purpose. */
export interface Tampering {
  readonly fetch?: (fetch: typeof globalThis.fetch) => typeof globalThis.fetch
  readonly journal?: (journal: Journal.Journal["Service"]) => Journal.Journal["Service"]
}

export interface Options {
  readonly tampered?: Tampering
  /** Default: true. */
  readonly hasJournal?: boolean
  /** From submission to the end of a job: milliseconds. Default: 10 seconds. */
  readonly duration?: number
}

/** Identifies a POST at the mock, since its answer may be lost. */
const postHeader = "x-post"

/** The error that dead processes get. */
const never = new Promise<never>(() => undefined)

export const provider = xai({ apiKey: "any-key", baseUrl: "http://mock.test/xai", account: "me" })

const broken = (code: string): TypeError => new TypeError("fetch failed", { cause: Object.assign(new Error(code), { code }) })

const promptOf = (body: unknown): string => {
  const json: unknown = body instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(body)) : undefined
  const prompt: unknown = typeof json === "object" && json !== null ? Reflect.get(json, "prompt") : undefined
  return typeof prompt === "string" ? prompt : ""
}

/** Where effect caches the default of a reference. */
const defaultOf = "~effect/Context/defaultValue"

/** RxJS and promises run their effects on the default clock: their context can't be given another. */
const setDefaultClock = (clock: Clock.Clock | undefined): void => {
  if (clock === undefined) Reflect.deleteProperty(Clock.Clock, defaultOf)
  else Reflect.set(Clock.Clock, defaultOf, clock)
}

export class World {
  readonly mock: Mock.Mock
  readonly posts: Array<Post> = []
  /** The fates of the next POSTs; after the last one they are accepted at once. */
  readonly fates: Array<Fate> = []
  /** The store, which outlives a process. */
  readonly data = new Map<string, string>()
  readonly hasJournal: boolean
  process: Process
  /** How long the next process that has written an intent is frozen after it: milliseconds. */
  freezeAtIntent = 0
  /** How often that has happened. */
  frozen = 0
  readonly #holders = new Map<string, Process>()
  #booted = 0
  readonly #virtual: Virtual.World
  readonly #clock: Clock.Clock
  readonly #tampered: Tampering

  constructor(virtual: Virtual.World, clock: Clock.Clock, { duration = 10_000, hasJournal = true, tampered = {} }: Options) {
    this.#virtual = virtual
    this.#clock = clock
    this.#tampered = tampered
    this.hasJournal = hasJournal
    this.mock = Mock.make({ now: virtual.now, duration })
    this.process = this.boot()
  }

  get now(): number {
    return this.#virtual.now()
  }

  /** A new process on the same store. The one before continues unless it is killed. */
  boot(): Process {
    const nth = ++this.#booted
    const clock = this.#clock
    const process: Process = {
      nth,
      // A process's memory belongs to its clock.
      clock: {
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe(),
        currentTimeMillis: clock.currentTimeMillis,
        currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
        currentTimeNanos: clock.currentTimeNanos,
        monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: clock.monotonicTimeNanos,
        sleep: (duration) =>
          Effect.andThen(
            this.#clock.sleep(duration),
            Effect.suspend(() => this.#thawed(process))
          )
      },
      journal: undefined,
      isAlive: true,
      frozenUntil: 0,
      frozenSince: 0,
      booted: this.now
    }
    const journal = KeyValueJournal.make(this.#store(process), { claims: this.#claims(process), create: this.#create(process) })
    if (this.hasJournal) process.journal = this.#tampered.journal?.(journal) ?? journal
    this.process = process
    setDefaultClock(process.clock)
    return process
  }

  /** kill -9, and a new process. */
  restart(): Process {
    this.process.isAlive = false
    this.process.died = this.now
    return this.boot()
  }

  freeze(process: Process, millis: number): void {
    process.frozenSince = this.now
    process.frozenUntil = this.now + millis
  }

  pass(millis: number): Promise<void> {
    return this.#virtual.delay(millis, undefined)
  }

  /** The services of a process's effects. */
  services(intentOf: IntentOf, process = this.process): Layer.Layer<HttpClient.HttpClient> {
    const base = Layer.mergeAll(
      Layer.provide(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.Fetch, this.fetch(intentOf, process))),
      Layer.succeed(Clock.Clock, process.clock),
      Layer.succeed(References.MinimumLogLevel, "None")
    )
    return process.journal === undefined ? base : Layer.merge(base, Layer.succeed(Journal.Journal, process.journal))
  }

  fork<A, E>(effect: Effect.Effect<A, E, HttpClient.HttpClient>, intentOf: IntentOf, process = this.process) {
    return Effect.runFork(Effect.provide(effect, this.services(intentOf, process)))
  }

  run<A, E>(effect: Effect.Effect<A, E, HttpClient.HttpClient>, intentOf: IntentOf = () => "nobody", process = this.process): Promise<A> {
    return Effect.runPromise(Effect.provide(effect, this.services(intentOf, process)))
  }

  /** A user's operation on the journal. */
  keep<A, E>(effect: Effect.Effect<A, E, Journal.Journal>, process = this.process): Promise<A> {
    const { clock, journal } = process
    if (journal === undefined) return Promise.reject(new Error("this world has no journal"))
    return Effect.runPromise(effect.pipe(Effect.provideService(Journal.Journal, journal), Effect.provideService(Clock.Clock, clock)))
  }

  fetch(intentOf: IntentOf, process = this.process): typeof globalThis.fetch {
    const fetch: typeof globalThis.fetch = async (input, init) => {
      if (!process.isAlive) return never
      const request = new Request(input, init)
      return request.method === "POST" ? this.#post(process, request, promptOf(init?.body), intentOf) : this.#poll(process, request)
    }
    return this.#tampered.fetch?.(fetch) ?? fetch
  }

  async #poll(process: Process, request: Request): Promise<Response> {
    const response = await this.#handled(request)
    return this.#arrived(process, response)
  }

  async #handled(request: Request): Promise<Response> {
    const response = await this.mock.handle(request).finally(this.#virtual.busy())
    if (response.type === "error") throw broken("ECONNRESET")
    return response
  }

  /** Input for a process waits until it thaws, and forever for a dead one. */
  async #arrived(process: Process, response: Response): Promise<Response> {
    if (this.now < process.frozenUntil) await this.pass(process.frozenUntil - this.now)
    return process.isAlive ? response : never
  }

  async #post(process: Process, request: Request, prompt: string, intentOf: IntentOf): Promise<Response> {
    const intent = intentOf(prompt)
    const fate = this.fates.shift() ?? { kind: "Accepted" }
    const { after = 0, late = false } = fate
    const post: Post = { intent, prompt, process, fate, begun: this.now }
    this.posts.push(post)
    const name = String(this.posts.length)
    request.headers.set(Ledger.intentHeader, intent)
    request.headers.set(postHeader, name)
    const accepted = async (): Promise<Response> => {
      try {
        return await this.#handled(request)
      } finally {
        const job = this.mock.journal.find(({ headers }) => headers[postHeader] === name)?.jobId
        if (job !== undefined) post.job = job
      }
    }
    const answered = async (answer: Response): Promise<Response> => {
      post.isOver = true
      const here = await this.#arrived(process, answer)
      post.answered = this.now
      return here
    }
    const failed = async (error: unknown): Promise<never> => {
      post.isOver = true
      await this.#arrived(process, new Response())
      post.answered = this.now
      throw error
    }
    const wait = () => (after > 0 ? this.#virtual.delay(after, request.signal) : Promise.resolve())
    const silence = () => new Promise<never>((_, reject) => request.signal.addEventListener("abort", () => reject(request.signal.reason)))
    switch (fate.kind) {
      case "Accepted": {
        if (late) {
          await wait()
          return answered(await accepted())
        }
        const answer = await accepted()
        await wait()
        return answered(answer)
      }
      case "Lost":
        await accepted()
        await wait()
        return answered(new Response("<html>502 Bad Gateway</html>", { status: 502, headers: { "content-type": "text/html" } }))
      case "Reset":
        await accepted()
        await wait()
        return failed(broken("ECONNRESET"))
      case "Dropped":
        await wait()
        return failed(broken("ECONNRESET"))
      case "Silent":
        await accepted()
        return silence().catch(failed)
      case "Unheard":
        return silence().catch(failed)
      case "Unreachable":
        await wait()
        return failed(broken("ECONNREFUSED"))
      case "Busy":
        await wait()
        return answered(Response.json({ error: "slow down" }, { status: 429, headers: { "retry-after": "3" } }))
      case "Refused":
        await wait()
        return answered(Response.json({ code: "invalid-argument", error: "The prompt is refused." }, { status: 400 }))
    }
  }

  #thawed(process: Process): Effect.Effect<void> {
    if (!process.isAlive) return Effect.never
    return this.now < process.frozenUntil ? this.#clock.sleep(Duration.millis(process.frozenUntil - this.now)) : Effect.void
  }

  /** A read waits while its process is frozen, and so does the step after a write; dead processes write nothing. */
  #step<A>(process: Process, operation: () => A): Effect.Effect<A> {
    const thawed = Effect.suspend(() => this.#thawed(process))
    return Effect.andThen(
      Effect.suspend(() => (process.isAlive ? Effect.void : Effect.never)),
      Effect.tap(Effect.sync(operation), () => thawed)
    )
  }

  #store(process: Process): KeyValueStore.KeyValueStore {
    const { data } = this
    const step = <A>(operation: () => A): Effect.Effect<A> => this.#step(process, operation)
    return KeyValueStore.makeStringOnly({
      get: (key) => step(() => data.get(key)),
      set: (key, value) => step(() => void data.set(key, value)),
      remove: (key) => step(() => void data.delete(key)),
      clear: step(() => data.clear()),
      size: step(() => data.size),
      keys: step(() => [...data.keys()])
    })
  }

  /** Atomic for all processes. An intent may be the last step of its process for a while. */
  #create(process: Process) {
    return (key: string, value: string): Effect.Effect<boolean> =>
      this.#step(process, () => {
        if (this.data.has(key)) return false
        this.data.set(key, value)
        if (this.freezeAtIntent > 0) {
          this.frozen += 1
          this.freeze(process, this.freezeAtIntent)
          this.freezeAtIntent = 0
        }
        return true
      })
  }

  /** All processes share them. A dead or frozen process counts as dead. */
  #claims(process: Process): KeyValueJournal.Claims {
    return {
      acquire: (id) =>
        this.#step(process, () => {
          const holder = this.#holders.get(id)
          if (holder !== undefined && holder.isAlive && this.now >= holder.frozenUntil) return false
          this.#holders.set(id, process)
          return true
        }),
      release: (id) =>
        this.#step(process, () => {
          if (this.#holders.get(id) === process) this.#holders.delete(id)
        })
    }
  }
}

/** Plays in a new world, to the end of the play. */
export const inWorld = <A>(play: (world: World) => Promise<A>, options: Options = {}): Promise<A> =>
  Virtual.run(
    (virtual) =>
      Effect.gen(function* () {
        const world = new World(virtual, yield* Clock.Clock, options)
        return yield* Effect.ensuring(
          Effect.promise(() => play(world)),
          Effect.sync(() => setDefaultClock(undefined))
        )
      }),
    { longest: 200_000 }
  )
