/** `reelay submit`: put a job into the database, for a worker to do. */
import { Durable } from "@reelay/durable"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type { ExitCode } from "../../ExitCode.ts"
import type { Outcome } from "../../Outcome.ts"
import { definitions, find, names } from "../../Registry.ts"
import { argument, json, text } from "../flags.ts"
import { requesting, requestOf } from "../run.ts"
import { database, onDatabase } from "./database.ts"

const flags = {
  prompt: argument("prompt", "What the video shows"),
  provider: Flag.Literals("provider", names).pipe(Flag.withDescription("Whose API to use")),
  key: Flag.String("key").pipe(Flag.withDescription("The job's name: the same key is the same job, and is paid for once")),
  account: text("account", "The account that pays, by the name that a worker gives with --account (default: any)"),
  batch: text("batch", "A name that jobs share: status and prune take it"),
  ...requesting,
  database,
  json
}

const done: ExitCode = 0

export const submit = (outcome: Outcome) =>
  Command.make("submit", flags, (given) =>
    outcome(
      { json: given.json, journal: false },
      Effect.gen(function* () {
        const definition = find(given.provider) ?? definitions[0]
        if (definition === undefined) return yield* Effect.die(new Error("the list of providers is not empty"))
        const request = yield* requestOf(definition, given)
        const { account, batch, key } = given
        const taken = yield* onDatabase(given.database)(
          Effect.gen(function* () {
            // What the provider would refuse is refused here, before it is anybody's job.
            yield* definition.submission(request)
            return yield* Durable.submit(key, { provider: definition.name, request, account, batch })
          })
        )
        yield* Console.log(given.json ? JSON.stringify({ key, taken }) : `${taken}: ${key}`)
        return done
      })
    )
  ).pipe(
    Command.withDescription("Put a job into the database of a team, and return. A worker submits it, watches it and saves its video."),
    Command.withShortDescription("Put a job into a database, for a worker to do"),
    Command.withExamples([
      {
        command: 'reelay submit --provider xai --key winter/fox --database postgres://db/films "A red fox in the snow."',
        description: "One job"
      }
    ])
  )
