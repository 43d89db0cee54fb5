/** Plays one world: processes that submit, watch, leave, return, save, die and restart, over the mock and under virtual time. */
import { Artifact, Job, JobError, type JobRef, JobState, Journal, Limits, Provider, type VideoRequest } from "@reelay/core"
import { promised } from "@reelay/core/promise"
import { type Entry, Mock } from "@reelay/mock-server"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as FileSystem from "effect/FileSystem"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Random from "effect/Random"
import { MinimumLogLevel } from "effect/References"
import * as Stream from "effect/Stream"
import { getEventListeners } from "node:events"
import type { Stage } from "../../src/internal/play.ts"
import * as Virtual from "../../src/internal/virtual.ts"
import { wrong } from "../../src/internal/wording.ts"
import { definitions } from "../subjects.ts"
import { type Disk, disk } from "./disk.ts"
import { type Book, book, count, type Life, life } from "./life.ts"
import { epoch, type Network, network, sha256 } from "./network.ts"
import { type Batch, duration, type Film, type Means, type Plan, type Process, type Visit } from "./plan.ts"
import { type Durable, durable, entries, journalOf } from "./store.ts"

/** What a play needs. */
export interface Engine {
  readonly submit: Stage["submit"]
  readonly client: (client: HttpClient.HttpClient) => HttpClient.HttpClient
  readonly journal: (journal: Journal.Journal["Service"]) => Journal.Journal["Service"]
}

export const engine: Engine = { submit: Job.submit, client: (client) => client, journal: (journal) => journal }

/** What one world has left behind. */
export interface Played {
  readonly plan: Plan
  readonly log: Book
  readonly journal: ReadonlyArray<Entry>
  readonly jobs: ReadonlyArray<Mock.JobView>
  readonly store: Durable
  readonly disk: Disk
  readonly videos: Network["videos"]
  /** What has not ended, by its name. */
  readonly open: Readonly<Record<string, number>>
  /** Virtual milliseconds. */
  readonly length: number
}

/** How much longer requests are recorded after everything has ended. */
const after = 600_000

const key = "sk-secret-7f3a9c51"

const providers = definitions.map((definition) =>
  Provider.configure(definition)({ apiKey: key, baseUrl: `http://mock.test/${definition.name}` })
)

type Services = HttpClient.HttpClient | FileSystem.FileSystem

/** A process that runs. */
interface Running {
  readonly life: Life
  readonly journal: Journal.Journal["Service"] | undefined
  readonly spawn: (task: Effect.Effect<unknown, never, Services>) => Effect.Effect<void>
  /** Jobs whose video it has begun to fetch. */
  readonly fetched: Set<string>
}

interface Scene {
  readonly engine: Engine
  readonly plan: Plan
  readonly world: Virtual.World
  readonly log: Book
  readonly net: Network
  readonly store: Durable
  readonly disk: Disk
  /** Films whose submission has begun: each is wanted once. */
  readonly begun: Set<string>
  /** The processes that run now. */
  readonly running: Map<number, Running>
  readonly limits: Context.Context<RateLimiter.RateLimiterStore | CircuitBreaker.CircuitBreakerStore>
}

export const play = async (given: Engine, plan: Plan): Promise<Played> => {
  const log = book()
  const store = durable()
  const files = disk()
  let seen: { readonly mock: Mock.Mock; readonly net: Network; readonly world: Virtual.World } | undefined
  const length = await Virtual.run(
    (world) =>
      Effect.gen(function* () {
        const mock = Mock.make({ now: () => epoch + world.now(), duration, seed: plan.seed })
        const net = network(world, mock, plan, log)
        seen = { mock, net, world }
        const limits = yield* Layer.build(Layer.merge(RateLimiter.layerStoreMemory, CircuitBreaker.layerStoreMemory()))
        const scene: Scene = { engine: given, plan, world, log, net, store, disk: files, begun: new Set(), running: new Map(), limits }
        yield* Effect.forEach(plan.processes, (process, index) => lives(scene, process, index), { concurrency: "unbounded", discard: true })
        yield* audit(scene)
        return world.now()
      }).pipe(Effect.scoped, Random.withSeed(plan.seed), Effect.provideService(MinimumLogLevel, "None")),
    { after, longest: 1_000_000 }
  )
  if (seen === undefined) throw new Error("the world did not begin")
  const { mock, net, world } = seen
  const { fibers, outside, sleeps } = world.open()
  const held = [...store.holders.values()].filter(({ calm }) => calm).length
  return {
    plan,
    log,
    journal: mock.journal,
    jobs: mock.jobs,
    store,
    disk: files,
    videos: net.videos,
    open: { fibers, sleeps, promises: outside, requests: net.open(), "claims of the last process": held },
    length
  }
}

/** The lives of one process, one after another. */
const lives = Effect.fnUntraced(function* (scene: Scene, process: Process, index: number) {
  for (let turn = 0; ; turn++) {
    const plan = process.lives[turn]
    const self = life(scene.world, scene.log, { name: `process ${index}, life ${turn}`, process: index, plan })
    const ended = yield* Effect.scoped(
      Effect.gen(function* () {
        const running = yield* start(scene, process, self)
        scene.running.set(index, running)
        if (turn > 0 && process.kind === "durable") yield* running.spawn(resumed(scene, running, { deadline: "5 minutes" }))
        for (const film of scene.plan.films)
          if (film.process === index && film.batch === undefined) yield* running.spawn(ofFilm(scene, running, film))
        for (const batch of scene.plan.batches) {
          if (batch.process === index || batch.rival === index) yield* running.spawn(ofBatch(scene, running, batch))
        }
        const idle = FiberSet.awaitEmpty(running.tasks)
        const done = Effect.as(idle, "done" as const)
        const time = plan !== undefined && "after" in plan.when ? Effect.as(Effect.sleep(plan.when.after), plan.how) : Effect.never
        const how = yield* done.pipe(Effect.raceFirst(Deferred.await(self.over)), Effect.raceFirst(time))
        if (how === "kill") self.end("killed")
        self.leave()
        scene.running.delete(index)
        yield* FiberSet.clear(running.tasks)
        return how
      })
    )
    self.end(ended === "done" ? "done" : "stopped")
    if (ended === "done" || plan === undefined) return
    count(scene.log, ended === "kill" ? "processes killed" : "processes stopped")
    yield* Effect.sleep(plan.down)
  }
})

/** A process with its part of the world. */
const start = Effect.fnUntraced(function* (scene: Scene, process: Process, self: Life) {
  const { disk: files, engine: given, limits, net, store, world } = scene
  const tasks = yield* FiberSet.make()
  const transport = Layer.provide(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.Fetch, net.fetchOf(self)))
  const client = given.client(Context.get(yield* Layer.build(transport), HttpClient.HttpClient))
  const journal = process.kind === "durable" ? given.journal(journalOf(store, self, process, scene.log)) : undefined
  const clock = stepping(yield* Clock.Clock, process, world)
  const base = Context.make(HttpClient.HttpClient, client).pipe(
    Context.add(FileSystem.FileSystem, files.seenBy(self.alive)),
    Context.add(Clock.Clock, clock)
  )
  const own = process.limits === "own" ? Limits.layerMemory({ rate: { limit: 600, window: "1 minute" } }) : Limits.layer()
  const shared = process.limits === "none" ? Context.empty() : yield* Layer.build(Layer.provide(own, Layer.succeedContext(limits)))
  const remembering = journal === undefined ? Context.empty() : Context.make(Journal.Journal, journal)
  const context = Context.merge(Context.merge(base, shared), remembering)
  const spawn: Running["spawn"] = (task) =>
    Effect.suspend(() => (self.alive() ? Effect.asVoid(FiberSet.run(tasks, Effect.provideContext(task, context))) : Effect.void))
  return { life: self, journal, spawn, fetched: new Set<string>(), tasks }
})

/** The clock of a machine whose wall clock is sometimes set. */
const stepping = (inner: Clock.Clock, { steps }: Process, world: Virtual.World): Clock.Clock => {
  const wall = (): number => epoch + world.now() + steps.reduce((sum, { at, by }) => (world.now() >= at ? sum + by : sum), 0)
  const nanos = (): bigint => BigInt(Math.round(wall() * 1000)) * 1000n
  return {
    sleep: (time: Duration.Duration) => inner.sleep(time),
    currentTimeMillisUnsafe: wall,
    currentTimeMillis: Effect.sync(wall),
    currentTimeNanosUnsafe: nanos,
    currentTimeNanos: Effect.sync(nanos),
    monotonicTimeNanosUnsafe: () => inner.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: inner.monotonicTimeNanos
  }
}

const providerOf = (index: number): Provider.Provider<VideoRequest.VideoRequest> => {
  const provider = providers[index % providers.length]
  if (provider === undefined) throw new Error("there is no provider")
  return provider
}

const promptOf = ({ name, words }: Film): VideoRequest.VideoRequest => ({ prompt: `A candle, ${name}, ${words.join(" ")}` })

const pathOf = (film: string): string => `/videos/${film}.mp4`

/** One film: its submission, and all its watchers. */
const ofFilm = Effect.fnUntraced(function* (scene: Scene, running: Running, film: Film) {
  const { begun, engine: given, world } = scene
  const { life: self } = running
  yield* Effect.sleep(Math.max(0, film.start - world.now()))
  if (begun.has(film.name)) return
  begun.add(film.name)
  const done = self.want(film.name, "submit", film.leave === undefined ? undefined : world.now() + film.leave)
  const submitted = given.submit(providerOf(film.provider), promptOf(film), {
    pace: film.pace,
    deadline: film.deadline,
    label: film.name,
    saveTo: film.keep === "save" && running.journal !== undefined ? pathOf(film.name) : undefined,
    onSubmitted: ({ id }) => Effect.sync(() => self.tell(film.name, { id })),
    onUnknown: () => Effect.sync(() => self.tell(film.name, "unknown"))
  })
  const handle = yield* leaving(scene, film.name, recorded(scene, self, film.name, submitted), film.leave, "interrupt")
  done()
  if (handle === undefined) return
  self.tell(film.name, handle.ref, running.journal !== undefined)
  const { cancel, elsewhere } = film
  if (cancel !== undefined) {
    yield* running.spawn(
      Effect.gen(function* () {
        yield* Effect.sleep(cancel)
        count(scene.log, `cancel: ${yield* handle.cancel}`)
      })
    )
  }
  if (elsewhere !== undefined) {
    const other = scene.running.get(elsewhere.process)
    if (other !== undefined) yield* other.spawn(attached(scene, other, film, handle.ref, elsewhere.visit))
  }
  yield* Effect.forEach(film.visits, (visit) => visited(scene, running, film, handle, visit), { concurrency: "unbounded", discard: true })
})

const visited = Effect.fnUntraced(function* (scene: Scene, running: Running, film: Film, handle: Job.JobHandle, visit: Visit) {
  const { life: self } = running
  yield* Effect.sleep(visit.from)
  const done = self.want(film.name, "watch", visit.span === undefined ? undefined : scene.world.now() + visit.span)
  const watching = Stream.runForEach(handle.states, (state) => noted(scene, running, film, state, providerOf(film.provider)))
  const stayed = yield* leaving(scene, film.name, recorded(scene, self, film.name, Effect.as(watching, true)), visit.span, visit.by)
  done()
  if (stayed === true && !JobState.isTerminal(handle.current())) unended(scene, film.name)
})

const attached = Effect.fnUntraced(function* (scene: Scene, running: Running, film: Film, ref: JobRef.JobRef, visit: Visit) {
  const handle = yield* recorded(scene, running.life, film.name, Job.attach(providerOf(film.provider), ref, { deadline: film.deadline }))
  if (handle !== undefined) yield* visited(scene, running, film, handle, visit)
})

/** A batch, run once in each life; and once more if its caller has left. */
const ofBatch = Effect.fnUntraced(function* (scene: Scene, running: Running, batch: Batch) {
  const { plan, world } = scene
  const films = plan.films.filter(({ batch: index }) => plan.batches[index ?? -1] === batch)
  if (films.length === 0) return
  yield* Effect.sleep(Math.max(0, batch.start - world.now()))
  for (const span of batch.leave === undefined ? [undefined] : [batch.leave, undefined]) {
    yield* inBatch(scene, running, batch, films, span)
    if (span !== undefined) yield* Effect.sleep(5000)
  }
})

const inBatch = Effect.fnUntraced(function* (
  scene: Scene,
  running: Running,
  batch: Batch,
  films: ReadonlyArray<Film>,
  span: number | undefined
) {
  const { life: self } = running
  const until = span === undefined ? undefined : scene.world.now() + span
  const wants = new Map(films.map(({ name }) => [name, self.want(name, "batch", until)]))
  const over = (name: string): void => {
    wants.get(name)?.()
    wants.delete(name)
  }
  const provider = providerOf(batch.provider)
  const events = Job.runAll(
    provider,
    films.map((film) => [film.name, promptOf(film)] as const),
    {
      batch: batch.name,
      concurrency: batch.concurrency,
      deadline: "5 minutes",
      ...(batch.save ? { saveTo: pathOf } : {}),
      onSubmitted: ({ id }, name) => Effect.sync(() => self.tell(name, { id })),
      onUnknown: (_, name) => Effect.sync(() => self.tell(name, "unknown"))
    }
  )
  const following = Stream.runForEach(events, (event) => {
    const film = films.find(({ name }) => name === event.key)
    switch (event._tag) {
      case "State":
        self.tell(event.key, event.state.ref, true)
        if (JobState.isTerminal(event.state)) over(event.key)
        return film === undefined ? Effect.void : noted(scene, running, film, event.state, provider, batch.save)
      case "Saved":
        over(event.key)
        return Effect.sync(() => self.tell(event.key, event.ref))
      case "Error":
        over(event.key)
        return failed(scene, self, event.key, event.error)
    }
  })
  const stayed = yield* leaving(scene, batch.name, recorded(scene, self, batch.name, Effect.as(following, true)), span, "interrupt")
  for (const [name, done] of wants) {
    done()
    if (stayed === true) unended(scene, name)
  }
})

/** Resumes the journal's entries. */
const resumed = Effect.fnUntraced(function* (scene: Scene, running: Running, options: Job.ResumeOptions) {
  const { journal, life: self } = running
  if (journal === undefined) return
  const wants = new Map<string, () => void>()
  const over = (name: string): void => {
    wants.get(name)?.()
    wants.delete(name)
  }
  const begun = new Set<string>()
  const events = Stream.provideService(Job.resumeAll(providers, options), Journal.Journal, journal)
  const following = Stream.runForEach(events, (event) => {
    if (event._tag === "Damaged")
      return Effect.sync(() => void scene.log.defects.push({ film: event.id, cause: `damaged: ${event.detail}` }))
    const name = event.entry.label ?? ""
    count(scene.log, `resumed: ${event._tag}`)
    switch (event._tag) {
      case "State": {
        if (!begun.has(name)) {
          begun.add(name)
          wants.set(name, self.want(name, "resume"))
          const entry = entries(scene.store).find((each) => each.id === event.entry.id)
          if (entry?._tag === "Entry" && !Journal.isOpen(entry)) scene.log.defects.push({ film: name, cause: "what was closed is resumed" })
        }
        self.tell(name, event.state.ref)
        if (JobState.isTerminal(event.state)) over(name)
        const film = scene.plan.films.find((each) => each.name === name)
        return film === undefined ? Effect.void : noted(scene, running, film, event.state, event.provider, event.entry.saveTo !== undefined)
      }
      case "Error":
        over(name)
        return failed(scene, self, name, event.error)
      case "Leased":
        return Effect.void
    }
  })
  const stayed = yield* recorded(scene, self, "resumeAll", Effect.as(following, true))
  for (const [name, done] of wants) {
    done()
    if (stayed === true) unended(scene, name)
  }
})

/** A watcher that stays to the end gets an end, or the reason why there is none. */
const unended = ({ log }: Scene, film: string): void =>
  void log.defects.push({ film, cause: "the states ended without a last one, and without an error" })

/**
 * Once all processes have ended, one more comes, without faults: it finds everything that they have left. It comes three times, since a provider
 * that refuses the first two polls of a job answers the third.
 */
const audit = Effect.fnUntraced(function* (scene: Scene) {
  for (const name of ["auditor", "second auditor", "third auditor"]) yield* audited(scene, name)
})

const audited = Effect.fnUntraced(function* (scene: Scene, name: string) {
  const self = life(scene.world, scene.log, { name, process: scene.plan.processes.length, calm: true })
  const process: Process = { kind: "durable", limits: "none", lives: [], steps: [], storage: 0, full: 0 }
  yield* Effect.scoped(
    Effect.gen(function* () {
      const running = yield* start(scene, process, self)
      yield* running.spawn(resumed(scene, running, { deadline: "20 minutes" }))
      yield* FiberSet.awaitEmpty(running.tasks)
    })
  )
  self.end("done")
})

/** A state that a watcher saw. A finished video is fetched, once in a life. */
const noted = (
  scene: Scene,
  running: Running,
  film: Film,
  state: JobState.JobState,
  provider: Provider.Provider<never>,
  save = film.keep === "save"
): Effect.Effect<void> =>
  Effect.suspend(() => {
    const { life: self } = running
    if (!self.alive()) return Effect.void
    if (JobState.isTerminal(state)) {
      scene.log.ends.push({ life: self, film: film.name, at: scene.world.now(), state })
      const end = JobError.endOf(state)
      if (end instanceof Error) worded(scene, film.name, end)
    }
    if (state._tag !== "Succeeded" || running.fetched.has(film.name) || (film.keep === "nothing" && !save)) return Effect.void
    running.fetched.add(film.name)
    return running.spawn(fetched(scene, running, film, state, provider, save))
  })

const fetched = Effect.fnUntraced(function* (
  scene: Scene,
  { life: self }: Running,
  film: Film,
  state: JobState.Succeeded,
  provider: Provider.Provider<never>,
  save: boolean
) {
  const span = self.calm ? undefined : film.stopDownload
  const done = self.want(film.name, "download", span === undefined ? undefined : scene.world.now() + span)
  const fetching: Effect.Effect<{ readonly bytes: number; readonly sha256: string }, JobError.JobError, Services> = save
    ? Artifact.save(provider, state, pathOf(film.name))
    : Effect.map(Artifact.bytes(provider, state), (bytes) => ({ bytes: bytes.byteLength, sha256: sha256(bytes) }))
  const video = yield* leaving(scene, film.name, recorded(scene, self, film.name, fetching), span, "interrupt")
  done()
  if (video === undefined || !self.alive()) return
  const { bytes, sha256: digest } = video
  scene.log.videos.push({ life: self, id: state.ref.id, bytes, sha256: digest, path: save ? pathOf(film.name) : undefined })
})

/** Runs an effect for a time, and then leaves it by some means. `undefined`: it was left. */
const leaving = Effect.fnUntraced(function* <A, R>(
  scene: Scene,
  film: string,
  effect: Effect.Effect<A, never, R>,
  span: number | undefined,
  by: Means
): Effect.fn.Return<A | undefined, never, R> {
  if (span === undefined) return yield* effect
  count(scene.log, `left by ${by}`)
  switch (by) {
    case "timeout": {
      const some = yield* Effect.timeoutOption(effect, span)
      return some._tag === "Some" ? some.value : undefined
    }
    case "interrupt": {
      const fiber = yield* Effect.forkChild(effect)
      const exit = yield* Effect.raceFirst(Fiber.await(fiber), Effect.as(Effect.sleep(span), undefined))
      if (exit !== undefined) return Exit.isSuccess(exit) ? exit.value : undefined
      yield* Fiber.interrupt(fiber)
      return undefined
    }
    case "signal": {
      const context = yield* Effect.context<R>()
      const controller = new AbortController()
      const running = promised(Effect.provideContext(effect, context), controller.signal)
      const ended = running.then(
        (value) => value,
        () => undefined
      )
      const over = Effect.promise(() => ended)
      const value = yield* Effect.raceFirst(
        Effect.map(over, (found) => ({ found })),
        Effect.as(Effect.sleep(span), undefined)
      ).pipe(
        Effect.onInterrupt(() =>
          Effect.andThen(
            Effect.sync(() => controller.abort()),
            over
          )
        )
      )
      if (value === undefined) {
        controller.abort()
        yield* Effect.uninterruptible(over)
      }
      const listeners = getEventListeners(controller.signal, "abort").length
      if (listeners > 0) scene.log.defects.push({ film, cause: `${listeners} listeners stay on a signal` })
      return value?.found
    }
  }
})

/** Runs an effect to its end. A documented failure is recorded, and any other is a defect. */
const recorded = <A, E, R>(
  scene: Scene,
  self: Life,
  film: string,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A | undefined, never, R> =>
  Effect.matchCauseEffect(effect, {
    onSuccess: (value): Effect.Effect<A | undefined> => Effect.succeed(value),
    onFailure: (cause) => {
      if (Cause.hasInterruptsOnly(cause)) return Effect.undefined
      const error = Cause.squash(cause)
      if (error instanceof JobError.JobError) return Effect.as(failed(scene, self, film, error), undefined)
      return Effect.sync(() => void scene.log.defects.push({ film, cause: Cause.pretty(cause) }))
    }
  })

/** F23: the same property over every message as over made-up reasons, here over what each fault of the mock's catalogue leads to. */
const worded = (scene: Scene, film: string, { message }: Error): void => {
  const badly = wrong(message)
  if (badly.length > 0) scene.log.defects.push({ film, cause: `a message has ${badly.join(" and ")}: ${message}` })
}

const failed = (scene: Scene, self: Life, film: string, error: JobError.JobError): Effect.Effect<void> =>
  Effect.sync(() => {
    count(scene.log, `error: ${error.operation} ${error.reason._tag}`)
    if (error.reason._tag === "SubmitUnknown") self.tell(film, "unknown")
    else if (error.ref !== undefined) self.tell(film, error.ref)
    worded(scene, film, error)
    if (error.operation === "download") return
    if (String(error).includes(key)) scene.log.defects.push({ film, cause: "the key stands in an error" })
  })
