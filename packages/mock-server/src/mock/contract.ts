/** What a mock is, for those who use it and for what looks into it. */
import type { Delivery } from "../answer/delivery.ts"
import type { Mode } from "../base/time.ts"
import type { Trace } from "../judge/History.ts"
import type { JobView } from "../judge/JobView.ts"
import type { Provider } from "../provider/Provider.ts"
import type * as Fault from "../script/Fault.ts"
import type * as Script from "../script/Script.ts"
import type * as World from "../script/World.ts"
import type { Entry } from "../serve/Journal.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /** The providers that it plays. Default: all of `@reelay/mock-server/providers`. */
  readonly providers?: ReadonlyArray<Provider>
  /** From submission to the end of a job whose prompt says nothing: milliseconds. Default: 10,000. */
  readonly duration?: number
  /** How long a URL is good after the answer that held it: milliseconds, rounded up to a second. Default: one hour. */
  readonly urlTtl?: number
  /** Ids, signatures and pictures derive from it. Default: "reelay". */
  readonly seed?: string | number
  /** The bearer keys that are accepted. Default: every key but those that begin with "bad". */
  readonly keys?: ReadonlyArray<string>
  /** A body above this many bytes is refused with 413, unread. Default: 16 MiB. */
  readonly maxBodyBytes?: number
  /**
   * What moves its time. `given`: `now`. `frozen`: it stands until `clock.set`, or POST `/__mock/clock`, moves it. `lockstep`: besides that, the
   * `x-client-now` of each request moves it. Default: `given`.
   */
  readonly clock?: Mode
  /** When a time that is frozen, or in lock step, begins: milliseconds since the epoch. Default: `now`. */
  readonly starts?: number
  /** The life of each job that no header and no `play` gives one, whatever its prompt says. Default: the prompts choose. */
  readonly script?: Script.Script
  /**
   * The origin of the links to files, as in `http://localhost:8787`; it has to lead here too. Then a key that is sent there is a leak. Default: that
   * of the request that asks, to which a client may send its key.
   */
  readonly filesAt?: string
  /**
   * Lets pages of other origins ask: answers their browsers' preflights, which are in no journal, and says so on every answer. Default: false:
   * a client that would be stopped at the real provider must not pass here.
   */
  readonly cors?: boolean
  /** Called with the entry of the journal after each answer; for a log. */
  readonly onAnswer?: (entry: Entry) => void
}

/**
 * The time of a mock. In lock step, and if it is frozen, every answer carries `x-mock-now`, and `x-mock-next-event-in` if time alone
 * will change an answer: milliseconds both.
 *
 * @category models
 * @since 0.1.0
 */
export interface Clock {
  readonly mode: Mode
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Milliseconds until time alone changes an answer: the next phase of some job. Default: it never will. */
  readonly nextEventIn?: number
  /** Moves a time that is frozen, or in lock step. Never back: a job does not get younger. */
  readonly set: (at: number) => void
  readonly setMode: (mode: Mode) => void
}

/** @category models */
export type { Mode }

/**
 * @category models
 * @since 0.1.0
 */
export interface Mock {
  /** The providers that it plays. */
  readonly providers: ReadonlyArray<Provider>
  /** The faults that they can show. */
  readonly catalogue: Fault.Catalogue
  /**
   * Answers one request. The URLs that it hands out have the origin of the request that asks.
   *
   * Never rejects, but for a request that is aborted while a fault keeps it waiting. A connection that a fault drops is `Response.error()`,
   * which `fetchOf` turns into what `fetch` does.
   */
  readonly handle: (request: Request) => Promise<Response>
  /** The same for a host with more to it than a Response: what is to be sent, and where it breaks off. */
  readonly deliver: (request: Request, host: Fault.Needs) => Promise<Delivery>
  /** Every request so far, in the order of arrival. */
  readonly journal: ReadonlyArray<Entry>
  /** Every job so far, in the order of submission. */
  readonly jobs: ReadonlyArray<JobView>
  /** Every job of a gateway, as its clients know it: by the gateway's id. The job itself is the upstream's, and in `jobs`. */
  readonly tasks: ReadonlyArray<JobView>
  /** What clients told of the states that they saw, for `History.check`. */
  readonly traces: ReadonlyArray<Trace>
  /** Keeps what a client saw of a job. */
  readonly witness: (trace: Trace) => void
  /** Gives the next submissions, so many of them, this script, whatever their prompts say. Several wait for each other. Default: 1. */
  readonly play: (script: Script.Script, times?: number) => void
  /**
   * Makes a job older whose script says `hand`: by so many milliseconds, or to its next phase. Answers with its state; `undefined` if
   * there is no such job.
   */
  readonly advance: (id: string, by?: number) => JobView["state"] | undefined
  /**
   * A world in which a client that does the same meets the same. If this mock's jobs at the provider had several lives, or some submission
   * made none, the prompts choose there again. Which keys are good is no part of a world.
   */
  readonly like: (provider: World.World["provider"]) => World.World
  /** Its time, and what moves that. */
  readonly clock: Clock
  /** The worlds in it, by what follows `/r/` in their base URLs, and those that were used last at the end. */
  readonly worlds: ReadonlyMap<string, Mock>
  /** How many explorations were begun in it: one that was only explored in was not unused. */
  readonly explorations: number
  /** Forgets jobs and journal; the next ids are those of a new mock, and its clock goes as it did at first. */
  readonly reset: () => void
}
