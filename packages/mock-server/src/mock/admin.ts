/**
 * The mock's own routes, for tests and people; they need no key, and do not show in the journal.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Answer } from "../answer/Answer.ts"
import { jsonOf } from "../base/json.ts"
import { isRecord } from "../base/Rules.ts"
import { stranger } from "../base/stranger.ts"
import { latest, type Mode, refuseTime } from "../base/time.ts"
import * as History from "../judge/History.ts"
import * as Ledger from "../judge/Ledger.ts"
import { fromQuery } from "../judge/options.ts"
import * as Verdict from "../judge/Verdict.ts"
import { written } from "../script/choice.ts"
import * as Script from "../script/Script.ts"
import type { Mock } from "./contract.ts"
import { home } from "./home.ts"

interface Asked {
  readonly mock: Mock
  readonly url: URL
  /** What `{id}` stands for in the path. */
  readonly id: string
  /** The body as JSON; `undefined` if there is none. */
  readonly body: unknown
  /** How long a job takes whose script does not say: milliseconds. */
  readonly duration: number
}

interface AdminRoute {
  readonly method: "GET" | "POST"
  readonly path: RegExp
  readonly answer: (asked: Asked) => Answer
}

const ok = (body: unknown): Answer => ({ status: 200, body })
const wrong = (error: string): Answer => ({ status: 400, body: { error } })

const play = ({ body, duration, mock }: Asked): Answer => {
  if (!isRecord(body) || body["script"] === undefined) {
    return wrong(
      'The body must be JSON as {"script": "three-polls", "times": 2}; the script is a name of GET /__mock/scripts, or an object'
    )
  }
  const odd = stranger("field here", Object.keys(body), ["script", "times"])
  if (odd !== undefined) return wrong(odd)
  const { script, times = 1 } = body
  if (typeof times !== "number" || !Number.isInteger(times) || times < 1) return wrong("times must be an integer above 0")
  const chosen = written(typeof script === "string" ? script : JSON.stringify(script), duration, mock.catalogue)
  if ("problem" in chosen) return wrong(`script: ${chosen.problem}`)
  mock.play(chosen.script, times)
  return ok({ script: chosen.script, times })
}

const advance = ({ body, id, mock }: Asked): Answer => {
  if (body !== undefined && !isRecord(body)) return wrong('The body must be JSON as {"by": 1000}, or empty')
  const odd = stranger("field here", Object.keys(body ?? {}), ["by"])
  if (odd !== undefined) return wrong(odd)
  const by = body?.["by"]
  if (by !== undefined && (typeof by !== "number" || !(by >= 0 && by <= latest))) return wrong("by must be a number of milliseconds")
  const state = mock.advance(id, by)
  return state === undefined ? { status: 404, body: { error: `There is no job ${id} that moves by hand` } } : ok({ id, state })
}

const readTrace = Schema.decodeUnknownResult(History.Trace)

const witness = ({ body, mock }: Asked): Answer => {
  const odd = stranger("field here", isRecord(body) ? Object.keys(body) : [], ["job", "states"])
  if (odd !== undefined) return wrong(odd)
  const trace = readTrace(body)
  if (trace._tag === "Failure") {
    return wrong(
      'The body must be JSON as {"job": "<id>", "states": ["submitted", "queued", "running", "succeeded"]}: ' + String(trace.failure)
    )
  }
  mock.witness(trace.success)
  return ok(trace.success)
}

const verify = ({ mock, url }: Asked): Answer => {
  const options = fromQuery(url.searchParams, mock.providers)
  return "problem" in options ? wrong(options.problem) : ok(Verdict.of(mock, options))
}

const isMode = (value: unknown): value is Mode => value === "given" || value === "frozen" || value === "lockstep"

const told = ({ clock }: Mock): Answer => {
  const { mode, nextEventIn, now } = clock
  return ok({ mode, now, ...(nextEventIn === undefined ? {} : { nextEventIn }) })
}

const clock = ({ body, mock }: Asked): Answer => {
  if (!isRecord(body) || Object.keys(body).length === 0)
    return wrong('The body must be JSON as {"mode": "frozen"}, {"advance": 60000}, or {"set": 1800000000000}')
  const odd = stranger("field here", Object.keys(body), ["mode", "advance", "set"])
  if (odd !== undefined) return wrong(odd)
  const { advance: by, mode, set } = body
  if (by !== undefined && set !== undefined) return wrong("advance and set exclude each other")
  if (mode !== undefined && !isMode(mode)) return wrong("mode must be given, frozen or lockstep")
  for (const [name, value] of Object.entries({ advance: by, set })) {
    if (value !== undefined && !(typeof value === "number" && value >= 0)) return wrong(`${name} must be a number of milliseconds`)
  }
  const at = typeof by === "number" ? mock.clock.now + by : set
  if (typeof at === "number") {
    if ((mode ?? mock.clock.mode) === "given")
      return wrong('The time is the one that the mock was given: freeze it first, with {"mode": "frozen"}')
    const problem = refuseTime(at)
    if (problem !== undefined) return wrong(problem)
    if (at < mock.clock.now) return wrong(`It is ${mock.clock.now} already: a job does not get younger`)
  }
  if (mode !== undefined) mock.clock.setMode(mode)
  if (typeof at === "number") mock.clock.set(at)
  return told(mock)
}

const routes: ReadonlyArray<AdminRoute> = [
  { method: "GET", path: /^\/$/, answer: ({ mock, url }) => home(url.origin, mock.providers) },
  { method: "GET", path: /^\/__mock\/health$/, answer: () => ok({ status: "ok" }) },
  { method: "GET", path: /^\/__mock\/journal$/, answer: ({ mock }) => ok(mock.journal) },
  { method: "GET", path: /^\/__mock\/jobs$/, answer: ({ mock }) => ok(mock.jobs) },
  { method: "POST", path: /^\/__mock\/trace$/, answer: witness },
  { method: "GET", path: /^\/__mock\/verify$/, answer: verify },
  {
    method: "GET",
    path: /^\/__mock\/ledger$/,
    answer: ({ mock }) => ok(Ledger.of(mock.jobs, mock.clock.now, Ledger.pricesOf(mock.providers)))
  },
  { method: "GET", path: /^\/__mock\/scripts$/, answer: () => ok(Script.library) },
  { method: "GET", path: /^\/__mock\/faults$/, answer: ({ mock }) => ok(mock.catalogue.kinds) },
  { method: "GET", path: /^\/__mock\/clock$/, answer: ({ mock }) => told(mock) },
  { method: "POST", path: /^\/__mock\/clock$/, answer: clock },
  { method: "POST", path: /^\/__mock\/script$/, answer: play },
  { method: "POST", path: /^\/__mock\/jobs\/([^/]+)\/advance$/, answer: advance },
  {
    method: "POST",
    path: /^\/__mock\/reset$/,
    answer: ({ mock }) => {
      mock.reset()
      return ok({ status: "reset" })
    }
  }
]

/** A path that can't be decoded names nothing. */
const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export const admin = Effect.fnUntraced(function* (mock: Mock, request: Request, url: URL, duration: number): Effect.fn.Return<Answer> {
  const { method } = request
  const here = routes.filter(({ path }) => path.test(url.pathname))
  const route = here.find((each) => each.method === method || (method === "HEAD" && each.method === "GET"))
  if (route !== undefined) {
    const id = decoded(route.path.exec(url.pathname)?.[1] ?? "")
    const read = method === "POST" ? yield* Effect.promise(() => jsonOf(request)) : { json: undefined }
    return "problem" in read ? wrong(read.problem) : route.answer({ mock, url, id, body: read.json, duration })
  }
  if (here.length === 0) return { status: 404, body: { error: `No handler found for ${method} ${url.pathname}` } }
  const allow = here.map((each) => each.method).join(", ")
  return { status: 405, body: { error: `${url.pathname} takes ${allow} only` }, headers: { allow } }
})
