#!/usr/bin/env node
/**
 * The command `reelay-mock`: the mock on a port, until it is told to stop; `reelay-mock verify`, which compares a live endpoint with the mock's
 * contract; and `record` and `replay`, for what a real provider says.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as Argument from "effect/cli/Argument"
import * as CliError from "effect/cli/CliError"
import * as CliOutput from "effect/cli/CliOutput"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Runtime from "effect/Runtime"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { parseDuration } from "./base/duration.ts"
import { refuseTime } from "./base/time.ts"
import { version } from "./base/version.ts"
import { explore as exploration } from "./hosts/exploring.ts"
import { serve } from "./hosts/node.ts"
import type { Refused } from "./hosts/Recording.ts"
import type { Unopened } from "./hosts/taping.ts"
import { lawNames, severities } from "./judge/laws.ts"
import type * as Verdict from "./judge/Verdict.ts"
import { originOf } from "./mock/options.ts"
import type { Provider } from "./provider/Provider.ts"
import { providers } from "./providers/index.ts"
import { toText } from "./script/MagicPrompt.ts"
import type { Entry } from "./serve/Journal.ts"

const time = (name: string, fallback: string, what: string): Flag.Flag<number> =>
  Flag.String(name).pipe(
    Flag.withDefault(fallback),
    Flag.withDescription(`${what}: 500ms, 10s, 2m, 1h (default ${fallback})`),
    Flag.filterMap(
      (text) => Option.fromUndefinedOr(parseDuration(text)),
      () => "a time, as 500ms, 10s, 2m or 1h"
    )
  )

/** Whose API can be asked for by name: a gateway's is that of its surface. */
const whose = Flag.ChoiceWithValue(
  "provider",
  providers.flatMap((provider) => (provider.gateway === undefined ? [[provider.name, provider] as const] : []))
)

/** The built-in providers, and those that a module exports. */
const playedWith = (file: Option.Option<string>): Effect.Effect<ReadonlyArray<Provider>, CliError.UserError> =>
  Option.match(file, {
    onNone: () => Effect.succeed(providers),
    onSome: (path) =>
      Effect.tryPromise({
        try: async () => {
          const module: Readonly<Record<string, unknown>> = await import(pathToFileURL(resolve(path)).href)
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- A module is what its author made it; Mock.make looks at each, and says what is wrong.
          return [...providers, ...(Object.values(module) as ReadonlyArray<Provider>)]
        },
        catch: (cause) =>
          new CliError.UserError({
            cause,
            userMessage: `${path} can't be loaded as a module: ${cause instanceof Error ? cause.message : String(cause)}`
          })
      })
  })

const flags = {
  port: Flag.Int("port").pipe(
    Flag.withDefault(8787),
    Flag.withDescription("The port to listen on; 0 takes a free one (default 8787)"),
    Flag.filter(
      (port) => port >= 0 && port <= 65_535,
      () => "a number from 0 to 65535"
    )
  ),
  host: Flag.String("host").pipe(Flag.withDefault("127.0.0.1"), Flag.withDescription("The address to listen on (default 127.0.0.1)")),
  duration: time("duration", "10s", "How long a job takes"),
  urlTtl: time("url-ttl", "1h", "How long a video's URL is good"),
  seed: Flag.String("seed").pipe(Flag.withDefault("reelay"), Flag.withDescription("Ids and pictures derive from it (default reelay)")),
  clock: Flag.Literals("clock", ["given", "frozen", "lockstep"]).pipe(
    Flag.withDefault("given"),
    Flag.withDescription(
      "What moves its time: the real clock (given), POST /__mock/clock (frozen), or each request's x-client-now too (lockstep)"
    )
  ),
  filesAt: Flag.String("files-at").pipe(
    Flag.filter(
      (text) => originOf(text) !== undefined,
      () => "an origin, as http://localhost:8787"
    ),
    Flag.optional,
    Flag.withDescription("The origin of the links to files, as http://localhost:8787 if the API is at 127.0.0.1 (default the API's)")
  ),
  starts: Flag.Int("starts").pipe(
    Flag.filter(
      (at) => refuseTime(at) === undefined,
      (at) => refuseTime(at) ?? ""
    ),
    Flag.optional,
    Flag.withDescription(
      "When a time that is frozen, or in lock step, begins: milliseconds since the epoch (default now, or the first client's)"
    )
  ),
  providers: Flag.String("providers").pipe(
    Flag.optional,
    Flag.withDescription("A module of yours; what it exports are providers, played beside the built-in ones (default none)")
  ),
  latency: time("latency", "0ms", "How long each request to a provider takes before it arrives"),
  cors: Flag.Boolean("cors").pipe(Flag.withDefault(false), Flag.withDescription("Let pages of other origins ask, in a browser")),
  quiet: Flag.Boolean("quiet").pipe(Flag.withDefault(false), Flag.withDescription("No line on standard error for each request"))
}

const line = ({ method, path, status }: Pick<Entry, "method" | "path" | "status">): void => {
  process.stderr.write(`${method} ${path} ${status ?? ""}\n`)
}

/** What the port's owner has to know, in one line. */
const explain = (cause: unknown, host: string, port: number): string => {
  // What the flags say can't go together.
  if (cause instanceof TypeError) return cause.message
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined
  switch (code) {
    case "EADDRINUSE":
      return `Port ${port} is busy: stop what listens there, or choose another with --port (--port 0 takes a free one).`
    case "EACCES":
      return `Port ${port} needs more rights: choose one above 1023 with --port.`
    default:
      return `Listening on ${host}, port ${port}, failed: ${cause instanceof Error ? cause.message : String(cause)}`
  }
}

/** How a subcommand ends if it does not end well: 1 for what it was to find, 2 if it could not tell. */
class Ended extends Data.TaggedError("Ended")<{ readonly code: 1 | 2; readonly message: string }> {}

const verifyFlags = {
  provider: whose.pipe(Flag.withDescription("Whose contract")),
  baseUrl: Flag.String("base-url").pipe(Flag.withDescription("The endpoint, as a client has it, below which the provider's paths are")),
  apiKey: Flag.Redacted("api-key").pipe(
    Flag.optional,
    Flag.withDescription("Polls of a job that does not exist are sent with this key, too. They bill nothing")
  ),
  keyFrom: Flag.String("api-key-from").pipe(
    Flag.optional,
    Flag.withDescription("The environment variable that holds the key, so that it is in no list of processes")
  ),
  withKey: Flag.Boolean("with-key").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Send submissions without a prompt with the key, too. Every provider's document refuses them")
  ),
  paid: Flag.Boolean("paid").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Make one job, the shortest, and pay for it; needs --budget")
  ),
  budget: Flag.Finite("budget").pipe(Flag.optional, Flag.withDescription("What --paid may cost at most: dollars, as 0.50"))
}

const verify = Command.make("verify", verifyFlags, ({ apiKey, baseUrl, budget, keyFrom, paid, provider, withKey }) =>
  Effect.gen(function* () {
    const refuse = (message: string) => new Ended({ code: 2, message })
    const named = Option.getOrUndefined(keyFrom)
    const found = named === undefined ? undefined : process.env[named]
    if (named !== undefined && (found === undefined || found === "")) return yield* refuse(`The variable ${named} is not set.`)
    const key = Option.getOrUndefined(apiKey) ?? (found === undefined ? undefined : Redacted.make(found))
    if (paid !== Option.isSome(budget)) return yield* refuse("--paid and --budget go together: --paid --budget 0.50")
    // Loaded here: the mock itself starts without it.
    const Verify = yield* Effect.promise(() => import("./judge/Verify.ts"))
    const report = yield* Verify.run({
      provider,
      baseUrl,
      withKey,
      ...(key === undefined ? {} : { apiKey: key }),
      ...(Option.isNone(budget) ? {} : { budget: budget.value })
    }).pipe(Effect.mapError(({ message }) => refuse(message)))
    yield* Console.log(Verify.toText(report))
    if (report.hasDrift) return yield* new Ended({ code: 1, message: "" })
    if (report.isBlind) return yield* new Ended({ code: 2, message: "" })
    return undefined
  })
).pipe(
  Command.withDescription(
    "Compares a live endpoint with the contract that the mock keeps. Its probes can't bill: a bad key, an unknown id, a wrong path or method, no prompt. Exit codes: 0 no drift, 1 drift, 2 usage, or nothing could be compared."
  ),
  Command.withShortDescription("Compare a live endpoint with the mock's contract")
)

/** Names with commas. */
const names = <Name extends string>(
  flag: string,
  known: ReadonlyArray<Name>,
  what: string
): Flag.Flag<Option.Option<ReadonlyArray<Name>>> =>
  Flag.String(flag).pipe(
    Flag.filterMap(
      (text) => {
        const given = text.split(",")
        const found = given.flatMap((each) => known.filter((name) => name === each))
        return found.length === given.length ? Option.some(found) : Option.none()
      },
      () => `names with commas, of ${known.join(", ")}`
    ),
    Flag.optional,
    Flag.withDescription(what)
  )

/** What a test says of its verdict. */
const judging = {
  allow: names("allow", lawNames, "Findings that may be there, with commas: after-end,unfetched (default none)"),
  failOn: names("fail-on", severities, "The severities that are not ok, with commas: money, data, courtesy (default money,data)"),
  copies: Flag.Int("copies").pipe(
    Flag.filter(
      (copies) => copies >= 1,
      () => "a number from 1 on"
    ),
    Flag.optional,
    Flag.withDescription("How many jobs are meant by equal submissions (default 1)")
  )
}

type Judging = { readonly [Name in keyof typeof judging]: (typeof judging)[Name] extends Flag.Flag<infer A> ? A : never }

const judgedBy = ({ allow, copies, failOn }: Judging): Pick<Verdict.Options, "allow" | "copies" | "failOn"> => ({
  ...(Option.isSome(allow) ? { allow: allow.value } : {}),
  ...(Option.isSome(copies) ? { copies: copies.value } : {}),
  ...(Option.isSome(failOn) ? { failOn: failOn.value } : {})
})

const exploring = {
  ...judging,
  provider: whose.pipe(Flag.optional, Flag.withDescription("Whose API (default all)")),
  seed: Flag.String("seed").pipe(Flag.withDefault("1"), Flag.withDescription("The same seed names the same worlds (default 1)")),
  runs: Flag.Int("runs").pipe(
    Flag.withDefault(100),
    Flag.withDescription("How many worlds, if nothing fails (default 100)"),
    Flag.filter(
      (runs) => runs >= 1 && runs <= 10_000,
      () => "a number from 1 to 10000"
    )
  ),
  faults: Flag.String("faults").pipe(
    Flag.optional,
    Flag.withDescription("Classes or names of faults, with commas: submit, poll, file, content, drop (default all classes)")
  ),
  lockstep: Flag.Boolean("lockstep").pipe(
    Flag.withDefault(false),
    Flag.withDescription("For clients with a time of their own, which tell it in x-client-now")
  ),
  floor: time("floor", "0ms", "The least time between two polls of a job"),
  timeout: time("timeout", "1m", "A command that takes longer has failed").pipe(
    Flag.filter(
      (millis) => millis > 0,
      () => "a time above 0"
    )
  ),
  world: Flag.String("world").pipe(Flag.optional, Flag.withDescription("The token of the only world to be played")),
  command: Argument.String("command").pipe(
    Argument.atLeast(1),
    Argument.withDescription("What is run in each world, with its base URL in MOCK_BASE_URL; it fails if it doesn't end with 0")
  )
}

const explore = Command.make("explore", exploring, (given) => {
  const { command: words, faults, floor, lockstep, provider, runs, seed, timeout, world } = given
  const asked = {
    seed,
    runs,
    ...judgedBy(given),
    ...(floor === 0 ? {} : { floor }),
    ...(lockstep ? { clock: "lockstep" as const } : {}),
    ...(Option.isSome(provider) ? { provider: provider.value.name } : {}),
    ...(Option.isSome(faults) ? { faults: faults.value.split(",") } : {})
  }
  const settings = { command: words, asked, timeout, world: Option.getOrUndefined(world) }
  return Effect.flatMap(exploration(settings), ({ code, report: message }) =>
    code === 0 ? Console.log(message) : Effect.fail(new Ended({ code, message }))
  )
}).pipe(
  Command.withDescription(
    "Runs a command in worlds in which something goes wrong, one after another, and finds the smallest in which it fails:\nreelay-mock explore --provider geeknow -- python3 my_client.py\nExit codes: 0 it passed in all, 1 it failed in one, 2 usage, or a command that can't be run."
  ),
  Command.withShortDescription("Finds the smallest world in which a client fails")
)

const verdictFlags = {
  ...judging,
  url: Argument.String("url").pipe(
    Argument.withDescription("Where a mock is served, or a world in it: http://127.0.0.1:8787, http://127.0.0.1:8787/r/<token>")
  ),
  expect: names("expect", lawNames, "Findings that have to be there, and are allowed, with commas: lost (default none)"),
  floor: time("floor", "0ms", "The least time between two polls of a job"),
  running: Flag.Boolean("running").pipe(
    Flag.withDefault(false),
    Flag.withDescription("The client still runs: what it has left undone is not wrong yet")
  )
}

const verdict = Command.make("verdict", verdictFlags, (given) => {
  const { expect, floor, running, url } = given
  const options: Verdict.Options = { ...judgedBy(given), isOver: !running, ...(Option.isSome(expect) ? { expect: expect.value } : {}) }
  return Effect.gen(function* () {
    const asking = yield* Effect.promise(() => import("./hosts/asking.ts"))
    const { code, report: message } = yield* asking.ask(url, options, floor)
    if (code === 0) return yield* Console.log(message)
    return yield* new Ended({ code, message })
  })
}).pipe(
  Command.withDescription(
    "Asks a served mock whether its client did well, and says what it found:\nreelay-mock verdict http://127.0.0.1:8787 --expect lost\nExit codes: 0 ok, 1 not ok, 2 usage, or no mock answers there."
  ),
  Command.withShortDescription("Ask a served mock for its verdict")
)

/** Serves until it is told to stop. The first line is the URL and nothing else: scripts read it. */
const untilStopped = <E, R>(start: Effect.Effect<{ readonly url: string }, E, R>) =>
  start.pipe(
    Effect.tap(({ url }) => Console.log(url)),
    Effect.andThen(Effect.never),
    Effect.scoped
  )

const told = (quiet: boolean) => (method: string, path: string, status: number) => (quiet ? undefined : line({ method, path, status }))

const place = { port: flags.port, host: flags.host, quiet: flags.quiet }

const wrong =
  (host: string, port: number) =>
  (error: Refused | Unopened): CliError.UserError => {
    const userMessage = error._tag === "Refused" ? error.message : explain(error.cause, host, port)
    return new CliError.UserError({ cause: error, userMessage })
  }

const recording = {
  ...place,
  provider: whose.pipe(Flag.withDescription("Whose API")),
  upstream: Flag.String("upstream").pipe(
    Flag.withDescription("The real base URL, to which requests and the client's key go: https://api.x.ai")
  ),
  out: Flag.String("out").pipe(Flag.withDescription("The file that is written")),
  force: Flag.Boolean("force").pipe(Flag.withDefault(false), Flag.withDescription("Write over a file that is there already")),
  files: Flag.Boolean("files").pipe(Flag.withDefault(false), Flag.withDescription("Keep the bytes of files, too, beside it"))
}

const complain = (message: string): void => {
  process.stderr.write(`${message}\n`)
}

const record = Command.make("record", recording, ({ quiet, ...settings }) => {
  // Loaded here, as for replay: the mock itself starts without it.
  const start = Effect.promise(() => import("./hosts/taping.ts")).pipe(
    Effect.flatMap((taping) => taping.record({ ...settings, onAnswer: told(quiet), onFailure: complain })),
    Effect.mapError(wrong(settings.host, settings.port))
  )
  return untilStopped(start)
}).pipe(
  Command.withDescription(
    "Passes requests on to a real provider, and writes what was said to a file, without keys and signatures:\nreelay-mock record --provider xai --upstream https://api.x.ai --out session.json\nIt does what the client asks: a real job is paid for."
  ),
  Command.withShortDescription("Record a real provider")
)

const replaying = { ...place, file: Argument.String("file").pipe(Argument.withDescription("What reelay-mock record has written")) }

const replay = Command.make("replay", replaying, ({ quiet, ...settings }) => {
  const start = Effect.promise(() => import("./hosts/taping.ts")).pipe(
    Effect.flatMap((taping) => taping.replay({ ...settings, onAnswer: told(quiet) })),
    Effect.mapError(wrong(settings.host, settings.port))
  )
  return untilStopped(start)
}).pipe(
  Command.withDescription("Answers as a recording has it, without a key and without a network."),
  Command.withShortDescription("Answer from a recording")
)

const command = Command.make("reelay-mock", flags, ({ filesAt, quiet, host, port, providers: file, starts, ...options }) => {
  const chosen = {
    ...(Option.isSome(filesAt) ? { filesAt: filesAt.value } : {}),
    ...(Option.isSome(starts) ? { starts: starts.value } : {})
  }
  const start = (played: ReadonlyArray<Provider>) =>
    Effect.tryPromise({
      try: () => serve({ ...options, ...chosen, providers: played, host, port, ...(quiet ? {} : { onAnswer: line }) }),
      catch: (cause) => new CliError.UserError({ cause, userMessage: explain(cause, host, port) })
    })
  const server = Effect.acquireRelease(Effect.flatMap(playedWith(file), start), ({ close }) => Effect.promise(close))
  return untilStopped(server)
}).pipe(
  Command.withDescription(
    `A mock of CometAPI, XingChao, GeekNow and xAI video generation. It generates nothing and bills nothing.\n\nWords in a prompt choose what becomes of the job:\n\n${toText()}`
  ),
  Command.withShortDescription("A mock of four video APIs"),
  Command.withSubcommands([explore, record, replay, verdict, verify])
)

/** One line for each thing that is wrong, and nothing on standard output, where a script looks for the URL. */
const report = (error: CliError.CliError | Ended) => {
  if (error._tag === "ShowHelp")
    return [...error.errors.map(({ message }) => message), `See ${error.commandPath.join(" ")} --help.`].join("\n")
  return error.message
}

/** The whole help only to those who ask for it. */
const presenter: CliOutput.Presenter = {
  present: (event) => (event._tag === "Help" && event.reason === "Implicit" ? Effect.void : CliOutput.defaultPresenter.present(event))
}

/** Of these a wrong flag is 2, as 1 says that something was found. */
const finders: ReadonlySet<string> = new Set(["verify", "verdict", "explore"])

const codeOf = (error: unknown): number => {
  if (error instanceof Ended) return error.code
  if (!CliError.isCliError(error) || error._tag !== "ShowHelp") return 1
  return error.errors.length === 0 ? 0 : error.commandPath.some((name) => finders.has(name)) ? 2 : 1
}

const toldToStop: Runtime.Teardown = (exit, onExit) =>
  onExit(Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause) ? 0 : codeOf(Cause.squash(exit.cause)))

Command.run(command, { version, renderErrors: false }).pipe(
  Effect.tapError((error) => (report(error) === "" ? Effect.void : Console.error(report(error)))),
  Effect.provide([NodeServices.layer, CliOutput.layerPresenter(presenter)]),
  NodeRuntime.runMain({ disableErrorReporting: true, teardown: toldToStop })
)
