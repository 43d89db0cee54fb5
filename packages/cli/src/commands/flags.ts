/** Flags that commands share, and what they say in `--help`. */
import { JobError } from "@reelay/core"
import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { keyVariable } from "../Registry.ts"
import { parseTime } from "../Time.ts"

const time = (name: string, what: string) =>
  Flag.String(name).pipe(
    Flag.withDescription(what),
    Flag.withMetavar("TIME"),
    Flag.filterMap(
      (text) => Option.fromUndefinedOr(parseTime(text)),
      (text) => `"${text}" isn't a time above zero, such as 500ms, 5s, 15m or 1h`
    ),
    maybe
  )

const maybe = <A>(flag: Flag.Flag<A>): Flag.Flag<A | undefined> => Flag.map(Flag.optional(flag), Option.getOrUndefined)

export const text = (name: string, what: string) => maybe(Flag.String(name).pipe(Flag.withDescription(what)))

/** A malformed header gets a name that is refused later: a refusal here would repeat the flag, which may be secret. */
const headerOf = (line: string): readonly [string, Redacted.Redacted] => {
  const colon = line.indexOf(":")
  return [line.slice(0, Math.max(0, colon)).trim(), Redacted.make(line.slice(colon + 1).trim())]
}

export const json = Flag.Boolean("json").pipe(
  Flag.withDefault(false),
  Flag.withDescription("Print one JSON object per line on standard output, and nothing else")
)

export const polling = {
  pace: time("pace", "Time between polls (default: what the provider advises)"),
  deadline: time("deadline", "Stop waiting after this long; the job continues (default: 15m or more, by provider)"),
  json,
  proxy: text(
    "proxy",
    "Proxy for all requests, as http://host:port (default: HTTP_PROXY, HTTPS_PROXY and NO_PROXY; never for this machine)"
  ),
  raw: Flag.Boolean("raw").pipe(
    Flag.withDefault(false),
    Flag.withDescription("With --json: add the provider's payload; it may hold signed URLs")
  ),
  allowPrivateAddresses: Flag.Boolean("allow-private-addresses").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Save videos from private addresses too, even if the API is public")
  ),
  overwrite: Flag.Boolean("overwrite").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Replace a file that has the video's name (default: save beside it, as fox-2.mp4)")
  )
}

export const watching = {
  ...polling,
  out: text("out", "Where to save the video (default: here, named after the provider and the job)"),
  apiKey: maybe(
    Flag.Redacted("api-key").pipe(Flag.withDescription("The provider's key (default: the environment's REELAY_<PROVIDER>_API_KEY)"))
  ),
  baseUrl: text("base-url", "Scheme, host and path prefix of the API (default: the vendor's)"),
  headers: Flag.String("header").pipe(
    Flag.withDescription("An additional header for each call to the API, as name: value; never sent elsewhere. May be given several times"),
    Flag.withMetavar("HEADER"),
    Flag.atLeast(0),
    Flag.map((lines): Readonly<Record<string, Redacted.Redacted>> => Object.fromEntries(lines.map(headerOf)))
  ),
  userAgent: text("user-agent", "The user-agent header, for every server (default: reelay/<version>)")
}

export const whole = (name: string, what: string) => maybe(Flag.Int(name).pipe(Flag.withDescription(what)))

export const argument = (name: string, what: string) => Argument.String(name).pipe(Argument.withDescription(what))

/** The key from the flag, else from the environment. */
export const keyOf = Effect.fnUntraced(function* (
  provider: string,
  operation: JobError.Operation,
  given: Redacted.Redacted | undefined
): Effect.fn.Return<Redacted.Redacted, JobError.JobError> {
  const variable = keyVariable(provider)
  const found = given ?? Option.getOrUndefined(yield* Effect.orElseSucceed(Config.option(Config.Redacted(variable)), () => Option.none()))
  if (found !== undefined && Redacted.value(found).trim() !== "") return Redacted.make(Redacted.value(found).trim())
  const reason = new JobError.InvalidRequest({ field: "apiKey", rule: `is missing; give --api-key or set ${variable}` })
  return yield* new JobError.JobError({ reason, provider, operation, attempt: 0 })
})
