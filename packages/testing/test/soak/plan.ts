/** The plan of one world: drawn from a seed, as data. Times are virtual milliseconds since its beginning. */
import { catalogue, losesSubmission, type Word } from "./catalogue.ts"
import { definitions } from "../subjects.ts"
import { type Dice, dice } from "./dice.ts"

/** One intended job: wanted once, and paid for once. */
export interface Film {
  /** Part of the prompt, so that the mock knows which job it made. */
  readonly name: string
  /** An index into the providers. */
  readonly provider: number
  /** Magic words. */
  readonly words: ReadonlyArray<string>
  /** The process that submits it. */
  readonly process: number
  /** The batch that it belongs to. */
  readonly batch: number | undefined
  /** When it is submitted, unless its process is down. */
  readonly start: number
  /** Default: the provider's own. */
  readonly pace: number | undefined
  readonly deadline: number
  /** When its caller leaves although the submission may be in flight, counted from its beginning. */
  readonly leave: number | undefined
  readonly visits: ReadonlyArray<Visit>
  /** When the provider is asked to stop it, counted from the handle. */
  readonly cancel: number | undefined
  /** Another process that is given the reference. */
  readonly elsewhere: { readonly process: number; readonly visit: Visit } | undefined
  readonly keep: "nothing" | "bytes" | "save"
  /** When its caller leaves in the middle of the download. */
  readonly stopDownload: number | undefined
}

/** One watcher: from when, counted from the handle, and for how long; without `span` to the end. */
export interface Visit {
  readonly from: number
  readonly span: number | undefined
  readonly by: Means
}

/** How a caller leaves. */
export type Means = "interrupt" | "signal" | "timeout"

/** The moment at which a process ends. `nth`: how often the moment has come. */
export type Moment = "intent written" | "post begun" | "post arrived" | "post answered" | "ref written" | "poll begun" | "chunk come"

export interface Life {
  /** `kill`: at once. `stop`: as Ctrl-C does. */
  readonly how: "kill" | "stop"
  readonly when: { readonly moment: Moment; readonly nth: number } | { readonly after: number }
  /** How long the process is gone. */
  readonly down: number
}

export interface Process {
  /** A page keeps no journal, and so is never killed. */
  readonly kind: "durable" | "page"
  /** `shared`: over stores that all processes of the world share. */
  readonly limits: "shared" | "own" | "none"
  /** Its lives except the last, which ends when nothing is left to do. */
  readonly lives: ReadonlyArray<Life>
  /** The wall clock is set, by this much. */
  readonly steps: ReadonlyArray<{ readonly at: number; readonly by: number }>
  /** How long the store takes to read or write. */
  readonly storage: number
  /** One in this many writes fails. */
  readonly full: number
}

/** A time in which every request is answered with 429, or in which every connection fails. */
export interface Storm {
  readonly from: number
  readonly until: number
  readonly kind: "429" | "down"
  /** Seconds. */
  readonly retryAfter: number | undefined
}

export interface Plan {
  readonly seed: number
  /** The number of its first job. */
  readonly first: number
  readonly films: ReadonlyArray<Film>
  readonly processes: ReadonlyArray<Process>
  readonly storms: ReadonlyArray<Storm>
  /** The batches, each of one provider, and the process that also runs it though it is another's. */
  readonly batches: ReadonlyArray<Batch>
  /** Nothing goes wrong on the way to the mock. Default: false. */
  readonly isQuiet?: boolean
}

export interface Batch {
  readonly name: string
  readonly provider: number
  readonly process: number
  readonly rival: number | undefined
  readonly start: number
  readonly concurrency: number
  /** Whether the videos are to be saved. */
  readonly save: boolean
  /** When its caller leaves, to return after a while. */
  readonly leave: number | undefined
}

/** How long a job takes by default. */
export const duration = 20_000

/** In the order of the definitions under test. */
const names = Array.from(definitions, ({ name }) => name)
const providers = names.length
const durable = 3
const batchesOfEach = 2

/** The world of this many jobs, from this number on. */
export const plan = (seed: number, first: number, jobs: number): Plan => ({
  seed,
  first,
  films: Array.from({ length: jobs }, (_, index) => film(seed, first + index)),
  processes: Array.from({ length: durable + 1 }, (_, index) => process(dice(seed, first, "process", index), index < durable)),
  storms: Array.from({ length: 3 }, (_, index) => storm(dice(seed, first, "storm", index))),
  batches: Array.from({ length: providers * batchesOfEach }, (_, index) => batch(dice(seed, first, "batch", index), index))
})

/** A word that the drawn worlds happened to miss, at a provider. */
export interface Missed {
  /** `undefined`: a word that is none. */
  readonly word: Word | undefined
  readonly provider: number
}

/**
 * A world in which nothing goes wrong but what the words ask for: for words that chance has missed, since a verdict must not depend on it. Each job is
 * watched to its end.
 */
export const calm = (seed: number, first: number, all: ReadonlyArray<Missed>): Plan => ({
  seed,
  first,
  films: all.map(({ provider, word }, index) => ({
    name: `film-${first + index}`,
    provider,
    words: word === undefined ? [misspelled] : writtenOf(withContent(word), () => "3s"),
    process: 0,
    batch: undefined,
    start: index * 500,
    // Some show only to a client that polls early, or often.
    pace: 1000,
    deadline: 900_000,
    leave: undefined,
    visits: [{ from: 0, span: undefined, by: "interrupt" }],
    cancel: undefined,
    elsewhere: undefined,
    keep: "bytes",
    stopDownload: undefined
  })),
  processes: [{ kind: "durable", limits: "none", lives: [], steps: [], storage: 0, full: 0 }],
  isQuiet: true,
  storms: [],
  batches: []
})

const misspelled = "mock:fial"

/** If the answer has a link, the content endpoint is not used. */
const withContent = (main: Word): ReadonlyArray<Word> =>
  main.fault?.startsWith("content-") === true ? [main, ...catalogue.filter(({ name }) => name === "no-url")] : [main]

const writtenOf = (words: ReadonlyArray<Word>, time: () => string): ReadonlyArray<string> =>
  words.map(({ name, takesTime }) => `mock:${name}${takesTime ? `=${time()}` : ""}`)

const film = (seed: number, index: number): Film => {
  const draw = dice(seed, "film", index)
  // Each word in turn, at each provider in turn.
  const main = catalogue[index % catalogue.length]
  const provider = whose(Math.floor(index / catalogue.length) % providers, main)
  const words = wordsOf(draw, main, provider)
  const mattersAtTheEnd = main?.needsDownload === true
  const start = draw.between(0, 60_000)
  const pace = draw.pick(undefined, undefined, 1000, 3000, 7000, 12_000)
  const keep = mattersAtTheEnd ? draw.pick("bytes", "save") : draw.pick("nothing", "bytes", "save")
  const batched = draw.chance(0.35)
  const onPage = draw.chance(0.25)
  return {
    name: `film-${index}`,
    provider,
    words,
    process: onPage ? durable : draw.between(0, durable - 1),
    batch: batched ? provider * batchesOfEach + draw.between(0, batchesOfEach - 1) : undefined,
    start,
    pace,
    deadline: draw.pick(20_000, 120_000, 300_000, 900_000),
    // Without a journal, what is reported while a caller leaves is all that is ever reported.
    leave: draw.chance(onPage ? 0.5 : 0.12) ? draw.between(0, draw.pick(400, 1000, 6000)) : undefined,
    visits: [
      ...Array.from({ length: draw.pick(0, 0, 1, 2) }, () => visit(draw, draw.between(50, 15_000))),
      ...(mattersAtTheEnd || draw.chance(0.6) ? [visit(draw, undefined)] : [])
    ],
    cancel: draw.chance(0.1) ? draw.between(0, 30_000) : undefined,
    elsewhere: draw.chance(0.1)
      ? { process: draw.between(0, durable), visit: visit(draw, draw.chance(0.5) ? undefined : draw.between(50, 15_000)) }
      : undefined,
    keep,
    stopDownload: draw.chance(0.1) ? draw.between(0, 1500) : undefined
  }
}

const visit = (draw: Dice, span: number | undefined): Visit => ({
  from: draw.between(0, 20_000),
  span,
  by: draw.pick("interrupt", "signal", "timeout")
})

/** The provider in turn, or one that can show the word. */
const whose = (turn: number, main: Word | undefined): number => {
  const able = names.flatMap((name, index) => (main?.only?.includes(name) === false ? [] : [index]))
  return able[turn % able.length] ?? turn
}

/** The word in turn, and some that go with it; sometimes a typing error, which the provider refuses. */
const wordsOf = (draw: Dice, main: Word | undefined, provider: number): ReadonlyArray<string> => {
  const words = main === undefined ? [] : Array.from(withContent(main))
  for (let more = draw.pick(0, 0, 1, 2); more > 0; more--) {
    const [first = main, ...others] = common.filter((other) => !words.some((each) => excludes(each, other)))
    const other = draw.pick(first, ...others)
    // Lost submissions have no life to watch: those in turn are enough.
    if (other !== undefined && !losesSubmission(other) && other.only?.includes(names[provider] ?? "") !== false) words.push(other)
  }
  const written = writtenOf(words, () => draw.pick("500ms", "3s", "45s"))
  return draw.chance(0.02) ? [...written, misspelled] : written
}

/** Additional words: the rarer ones have their own turn, and would break every job. */
const common = catalogue.filter(({ fault }) => fault === undefined || !/-(drop|reset|stall|5xx|html)$/u.test(fault))

const excludes = (one: Word, other: Word): boolean => one.name === other.name || (one.group !== undefined && one.group === other.group)

const process = (draw: Dice, isDurable: boolean): Process => {
  const kind = isDurable ? "durable" : "page"
  return {
    kind,
    limits: draw.pick("shared", "shared", "own", "none"),
    lives: Array.from({ length: draw.between(1, 4) }, () => life(draw, kind)),
    steps: Array.from({ length: draw.pick(0, 1, 2) }, () => ({
      at: draw.between(0, 120_000),
      by: draw.pick(-3_600_000, -5000, 5000, 3_600_000)
    })),
    storage: draw.pick(0, 20, 150),
    full: draw.pick(0, 0, 60)
  }
}

const life = (draw: Dice, kind: Process["kind"]): Life => {
  const moment = draw.pick<Moment>(
    "intent written",
    "post begun",
    "post arrived",
    "post answered",
    "ref written",
    "poll begun",
    "chunk come"
  )
  return {
    how: kind === "page" || draw.chance(0.25) ? "stop" : "kill",
    when: draw.chance(0.2) ? { after: draw.between(500, 40_000) } : { moment, nth: draw.between(1, 12) },
    down: draw.between(0, 20_000)
  }
}

const storm = (draw: Dice): Storm => {
  const from = draw.between(0, 150_000)
  return {
    from,
    until: from + draw.between(2000, 25_000),
    kind: draw.pick("429", "429", "down"),
    retryAfter: draw.pick(undefined, 1, 7, 30)
  }
}

const batch = (draw: Dice, index: number): Batch => ({
  name: `batch-${index}`,
  provider: Math.floor(index / batchesOfEach),
  process: draw.between(0, durable - 1),
  rival: draw.chance(0.4) ? draw.between(0, durable - 1) : undefined,
  start: draw.between(0, 60_000),
  concurrency: draw.between(1, 8),
  save: draw.chance(0.4),
  leave: draw.chance(0.3) ? draw.between(500, 60_000) : undefined
})
