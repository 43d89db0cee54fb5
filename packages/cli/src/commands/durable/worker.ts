/** `reelay worker`: submits, watches and saves the jobs of a database until it is stopped. */
import { Provider, type VideoRequest } from "@reelay/core"
import { ArtifactStore, Durable } from "@reelay/durable"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import type { Outcome } from "../../Outcome.ts"
import { find, names } from "../../Registry.ts"
import { keyOf, polling, text, whole, watching } from "../flags.ts"
import { database, invalid, onDatabase } from "./database.ts"
import { serveHealth } from "./health.ts"

const { apiKey, baseUrl, headers, userAgent } = watching
const { allowPrivateAddresses, deadline, pace, proxy } = polling

const flags = {
  database,
  providers: Flag.Literals("provider", names).pipe(Flag.atLeast(1), Flag.withDescription("Whose jobs to do; may be given several times")),
  out: text("out", "The folder for videos: one that all workers share (default: none, jobs end with their links)"),
  concurrency: whole("concurrency", "Tasks of each kind at a time (default: 32)"),
  account: text("account", "A name for the account: give it, and renewed keys still find their jobs (default: a fingerprint of the key)"),
  lease: whole("lease", "Seconds until the tasks of a dead worker go to another (default: 45)"),
  port: whole("port", "Serve /healthz and /metrics (Prometheus) on this port (default: not)"),
  logJson: Flag.Boolean("log-json").pipe(Flag.withDefault(false), Flag.withDescription("Log JSON, one object a line, on standard error")),
  apiKey,
  baseUrl,
  headers,
  userAgent,
  pace,
  deadline,
  proxy,
  allowPrivateAddresses
}

const above = (field: string, value: number | undefined) =>
  value === undefined || value >= 1 ? Effect.void : Effect.fail(invalid(field, `is ${value}, and must be 1 or more`))

export const worker = (outcome: Outcome) =>
  Command.make("worker", flags, (given) =>
    outcome(
      { json: false, journal: false, many: true, proxy: given.proxy },
      Effect.gen(function* () {
        yield* above("concurrency", given.concurrency)
        yield* above("lease", given.lease)
        if (given.providers.length > 1 && (given.apiKey ?? given.baseUrl) !== undefined) {
          return yield* invalid(
            "provider",
            "is given several times: keys come from the environment then, and addresses are the vendors' own"
          )
        }
        const providers: Array<Provider.Provider<VideoRequest.VideoRequest>> = []
        for (const name of new Set(given.providers)) {
          const definition = find(name)
          if (definition === undefined) return yield* Effect.die(new Error("a provider that is listed is there"))
          const key = yield* keyOf(name, "submit", given.apiKey)
          const { account, headers: more, userAgent: agent } = given
          providers.push(Provider.configure(definition)({ apiKey: key, baseUrl: given.baseUrl, account, headers: more, userAgent: agent }))
        }
        const { allowPrivateAddresses: isPrivateToo, out } = given
        const working = Durable.worker({
          providers,
          artifacts: out === undefined ? undefined : ArtifactStore.folder(out, { allowPrivateAddresses: isPrivateToo }),
          concurrency: given.concurrency,
          watch: { pace: given.pace, deadline: given.deadline }
        })
        const lease = given.lease === undefined ? undefined : Duration.seconds(given.lease)
        const work = Effect.scoped(
          Effect.gen(function* () {
            if (given.port !== undefined) yield* serveHealth(given.port)
            yield* Console.error(
              `Working for ${Array.from(new Set(given.providers)).join(", ")}. SIGTERM stops it, and cuts no submission.`
            )
            return yield* Effect.never
          })
        ).pipe(Effect.provide(working))
        const logged = given.logJson ? Effect.provide(work, Logger.layer([Logger.withConsoleError(Logger.formatJson)])) : work
        return yield* onDatabase(given.database, { lease })(logged)
      })
    )
  ).pipe(
    Command.withDescription(
      "Submit, watch and save the jobs of a database, beside any number of other workers. On SIGTERM it takes nothing new, waits for submissions that have begun, and leaves the rest to the others."
    ),
    Command.withShortDescription("Do the jobs of a database")
  )
