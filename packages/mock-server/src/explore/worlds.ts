/**
 * The worlds in a mock: each a mock of its own, below `/r/<token>`. What follows a dot in that part of the path is a name: two that play the same
 * token under different names don't meet.
 */
import type { Answer } from "../answer/Answer.ts"
import type { Delivery } from "../answer/delivery.ts"
import type { Judged } from "../judge/Verdict.ts"
import type * as Fault from "../script/Fault.ts"
import type * as Script from "../script/Script.ts"
import * as World from "../script/World.ts"

/** Where a world stands in its mock. */
export interface Place {
  /** The path before its own: `/r/<token>`. */
  readonly under: string
  /** The first part of the path that a mock without worlds has for the same. */
  readonly base: string
  /** Aborted when it is let go: what comes under its name after that is another one. */
  readonly gone: AbortSignal
  /** The path that a mock without worlds has for the same. */
  readonly inside: (path: string) => string
}

/** As much of a mock as a world in it is. */
export interface Played extends Judged {
  readonly catalogue: Fault.Catalogue
  readonly deliver: (request: Request, host: Fault.Needs) => Promise<Delivery>
}

/** What a world says of its mock. */
export interface Options {
  readonly clock?: "frozen" | "lockstep"
  readonly starts?: number
  readonly script?: Script.Script
  readonly duration?: number
  readonly seed?: string | number
  readonly urlTtl?: number
}

interface Made<Mock> {
  readonly mock: Mock
  readonly world: World.World
  readonly letGo: () => void
}

/** More than a run of tests has open at once. */
const limit = 1000

const problem = (status: number, error: string): Answer => ({ status, body: { error } })

export class Worlds<Mock extends Played> {
  private readonly build: (options: Options, place: Place) => Mock
  private readonly known: World.Known
  /** By token and name, the one that was used last at the end. */
  private readonly made = new Map<string, Made<Mock>>()

  constructor(build: (options: Options, place: Place) => Mock, known: World.Known) {
    this.build = build
    this.known = known
  }

  get all(): ReadonlyMap<string, Mock> {
    return new Map(Array.from(this.made, ([called, { mock }]) => [called, mock]))
  }

  /** Whether a world that has the time of its mock has jobs in it. */
  hasJobsInTime(): boolean {
    return [...this.made.values()].some(({ mock, world }) => world.clock === undefined && mock.jobs.length > 0)
  }

  /** The mock of a world, made if there is none yet. `called` is its token, or that, a dot and a name. */
  at(called: string): Made<Mock> | { readonly problem: string } {
    const found = this.made.get(called) ?? this.make(called)
    if ("problem" in found) return found
    this.made.delete(called)
    this.made.set(called, found)
    const [oldest] = this.made.keys()
    if (this.made.size > limit && oldest !== undefined) this.forget(oldest)
    return found
  }

  /** What a world was, it is no more: under the same name there is a new one. */
  forget(called: string): void {
    this.made.get(called)?.letGo()
    this.made.delete(called)
  }

  /** Answers a request for a world; `undefined` if it is for none. */
  deliver(request: Request, url: URL, host: Fault.Needs): Promise<Delivery> | undefined {
    const [, called, rest = "/"] = /^\/r\/([^/]+)(\/.*)?$/.exec(url.pathname) ?? []
    if (called === undefined) return undefined
    const found = this.at(called)
    if ("problem" in found) return Promise.resolve({ answer: problem(400, `${url.pathname.slice(0, 200)}: ${found.problem}`) })
    if (rest === "/")
      return Promise.resolve({
        answer: {
          status: 200,
          body: { world: World.toJson(found.world), steps: World.steps(found.world), console: `${url.origin}/r/${called}/__mock/` }
        }
      })
    return found.mock.deliver(request, host)
  }

  private make(called: string): Made<Mock> | { readonly problem: string } {
    const [token = ""] = called.split(".")
    const world = World.fromToken(token, this.known)
    if ("problem" in world) return world
    const { clock, duration, provider, seed, starts, urlTtl } = world
    const script = World.scriptOf(world)
    const under = `/r/${called}`
    const inside = (path: string): string => {
      const rest = path.slice(under.length)
      return /^\/(?:__mock(?:\/|$)|files\/)/.test(rest) ? rest : `/${provider}${rest}`
    }
    const options: Options = {
      ...(clock === undefined ? {} : { clock, starts: starts ?? 0 }),
      ...(script === undefined ? {} : { script }),
      ...(duration === undefined ? {} : { duration }),
      ...(seed === undefined ? {} : { seed }),
      ...(urlTtl === undefined ? {} : { urlTtl })
    }
    const controller = new AbortController()
    const place: Place = { under, base: provider, inside, gone: controller.signal }
    return { mock: this.build(options, place), world, letGo: () => controller.abort() }
  }
}
