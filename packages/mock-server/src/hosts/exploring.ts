/**
 * `reelay-mock explore -- <command>`: runs a command in one world after another, with its base URL in MOCK_BASE_URL. Its exit code is its verdict,
 * so that a client in any language is explored by the tests that it has.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { isRecord } from "../base/Rules.ts"
import { unavoidable } from "../explore/unavoidable.ts"
import { type Options, toQuery } from "../judge/options.ts"
import * as World from "../script/World.ts"
import { type MockServer, serve } from "./node.ts"

interface Asked extends Pick<Options, "allow" | "failOn" | "copies"> {
  readonly seed: string
  readonly runs: number
  readonly floor?: number
  readonly clock?: "lockstep"
  readonly provider?: string
  readonly faults?: ReadonlyArray<string>
}

export interface Settings {
  readonly command: ReadonlyArray<string>
  /** The fields of an exploration, as POST /__mock/explore takes them. */
  readonly asked: Asked
  /** After so many milliseconds a command has failed. */
  readonly timeout: number
  /** The token of the only world to be played. */
  readonly world: string | undefined
}

interface Ran {
  readonly isGood: boolean
  /** The end of what it said, and why it ended if it was not by itself. */
  readonly said: string
}

/** The command is not there, or no program. */
class Unrun extends Data.TaggedError("Unrun")<{ readonly report: string }> {}

/** So much of a command's output is told: characters. */
const shownOutput = 2000

/** Runs a command to its end; it is killed if the Effect is interrupted, or the time is over. */
const run = ([name = "", ...args]: ReadonlyArray<string>, base: string, timeout: number): Effect.Effect<Ran, Unrun> =>
  Effect.callback<Ran, Unrun>((resume) => {
    // A group of its own: who ends a shell ends what it has started, too.
    const child = spawn(name, args, { env: { ...process.env, MOCK_BASE_URL: base }, stdio: ["ignore", "pipe", "pipe"], detached: true })
    const kill = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL")
      } catch {
        child.kill("SIGKILL")
      }
    }
    const late = AbortSignal.timeout(timeout)
    late.addEventListener("abort", kill, { once: true })
    let said = ""
    const keep = (chunk: unknown): void => {
      said = (said + String(chunk)).slice(-shownOutput)
    }
    child.stdout.on("data", keep)
    child.stderr.on("data", keep)
    child.on("error", ({ message }) => resume(Effect.fail(new Unrun({ report: `The command can't be run: ${message}` }))))
    child.on("close", (code, signal) => {
      late.removeEventListener("abort", kill)
      const why = signal === null ? `ended with ${code}` : `was ended by ${signal}`
      resume(Effect.succeed({ isGood: code === 0, said: code === 0 ? said : `${said.trimEnd()}\n${name} ${why}`.trimStart() }))
    })
    return Effect.sync(kill)
  })

/** A word as a shell takes it. */
const quoted = (word: string): string => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)

const textOf = (value: unknown, name: string): string => {
  const field = isRecord(value) ? value[name] : undefined
  return typeof field === "string" ? field : JSON.stringify(field ?? null)
}

const whatOf = (told: unknown): ReadonlyArray<string> => {
  const findings = isRecord(told) && Array.isArray(told["findings"]) ? told["findings"] : []
  return findings.flatMap((finding) => (isRecord(finding) && finding["breaksOk"] === true ? [textOf(finding, "what")] : []))
}

export interface Explored {
  /** 0: it passed. 1: it failed. 2: it could not be run. */
  readonly code: 0 | 1 | 2
  /** What is to be said of it. */
  readonly report: string
}

type Call = (path: string, body?: unknown) => Effect.Effect<unknown>

const callOf =
  ({ mock, url }: MockServer): Call =>
  (path, body) =>
    Effect.promise(async (): Promise<unknown> => {
      const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }
      return (await mock.handle(new Request(url + path, init))).json()
    })

/** Plays one world, and tells all that was wrong in it. */
const playOne = Effect.fnUntraced(function* (
  call: Call,
  url: string,
  world: string,
  settings: Settings
): Effect.fn.Return<Explored, Unrun> {
  const { asked, command, timeout } = settings
  const [token = ""] = world.split(".")
  const read = World.fromToken(token)
  if ("problem" in read) return { code: 2, report: `--world ${world}: ${read.problem}` }
  const { isGood, said } = yield* run(command, `${url}/r/${world}`, timeout)
  const floors = asked.floor === undefined ? {} : { floors: { [read.provider]: asked.floor } }
  const query = toQuery({ ...asked, ...floors, allow: [...(asked.allow ?? []), ...unavoidable(read)] })
  const told = yield* call(`/r/${world}/__mock/verify${query}`)
  const found = isRecord(told) && "error" in told ? [textOf(told, "error")] : whatOf(told)
  return { code: isGood && found.length === 0 ? 0 : 1, report: [...found, said.trimEnd()].filter((line) => line !== "").join("\n") }
})

const playAll = Effect.fnUntraced(function* (call: Call, { asked, command, timeout }: Settings): Effect.fn.Return<Explored, Unrun> {
  let at = yield* call("/__mock/explore", asked)
  if (isRecord(at) && "error" in at) return { code: 2, report: textOf(at, "error") }
  while (isRecord(at) && at["done"] === false) {
    const { isGood, said } = yield* run(command, textOf(at, "base"), timeout)
    const verdict = isGood ? { verdict: "pass" } : { verdict: "fail", message: said }
    at = yield* call(`/__mock/explore/${textOf(at, "session")}`, { ...verdict, case: at["case"] })
  }
  const { message, ok, runs, smallest } = isRecord(at) ? at : {}
  if (ok === true) return { code: 0, report: `passed in ${String(runs)} worlds` }
  const steps = textOf(smallest, "steps")
  const { allow = [], copies, failOn, floor } = asked
  const flags = [
    ...(floor === undefined ? [] : ["--floor", `${floor}ms`]),
    ...(allow.length === 0 ? [] : ["--allow", allow.join(",")]),
    ...(failOn === undefined ? [] : ["--fail-on", failOn.join(",")]),
    ...(copies === undefined ? [] : ["--copies", String(copies)]),
    "--",
    ...command.map(quoted)
  ]
  return {
    code: 1,
    report: [
      `failed in a world of ${steps} step${steps === "1" ? "" : "s"}: ${textOf(smallest, "world")}`,
      ...whatOf(at),
      ...(typeof message === "string" ? [message] : []),
      `again: reelay-mock explore --world ${textOf(smallest, "token")} ${flags.join(" ")}`
    ].join("\n")
  }
})

/** Explores to the end, or plays the one world that is asked for. */
export const explore = (settings: Settings): Effect.Effect<Explored> =>
  Effect.acquireUseRelease(
    Effect.promise(() => serve()),
    (server) => {
      const { world } = settings
      return world === undefined ? playAll(callOf(server), settings) : playOne(callOf(server), server.url, world, settings)
    },
    ({ close }) => Effect.promise(close)
  ).pipe(Effect.catchTag("Unrun", ({ report }) => Effect.succeed({ code: 2 as const, report })))
