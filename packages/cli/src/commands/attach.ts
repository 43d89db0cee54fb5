/** `reelay attach`: return to a job by its printed reference. Sends no POST. */
import { Job, JobError, JobRef, Provider } from "@reelay/core"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import { find, names } from "../Registry.ts"
import { exitCodeTable } from "../ExitCode.ts"
import * as Session from "../Session.ts"
import type { Outcome } from "../Outcome.ts"
import { checkTarget, watch } from "../watch.ts"
import { argument, keyOf, watching } from "./flags.ts"

const flags = {
  ref: argument("ref", "What run printed: reelay:<provider>/<kind>/<id>?..."),
  ...watching,
  anyAccount: Flag.Boolean("any-account").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Attach even if the key isn't the one that submitted, for example after a key was renewed")
  )
}

export const attach = (outcome: Outcome) =>
  Command.make("attach", flags, (given) =>
    outcome(
      given,
      Effect.gen(function* () {
        const session = yield* Session.Current
        const ref = JobRef.fromUri(given.ref)
        if (typeof ref === "string") return yield* refuse("reelay", "ref", ref)
        const definition = find(ref.provider)
        if (definition === undefined) return yield* refuse(ref.provider, "ref", `has an unknown provider; known are ${names.join(", ")}`)
        session.ref = ref
        session.provider = definition.name
        const apiKey = yield* keyOf(definition.name, "attach", given.apiKey)
        yield* checkTarget(definition.name, "attach", given.out)
        // A server on this machine isn't a third party: returning to a mock's job needs no --base-url.
        const baseUrl = given.baseUrl ?? (isLoopback(ref.baseUrl) ? ref.baseUrl : undefined)
        const provider = Provider.configure(definition)({ apiKey, baseUrl, headers: given.headers, userAgent: given.userAgent })
        const { anyAccount, deadline, pace, raw } = given
        const handle = yield* Job.attach(provider, ref, { anyAccount, deadline, pace, raw })
        return yield* watch(provider, handle, given.out, given)
      })
    )
  ).pipe(
    Command.withDescription(
      `Return to a job that was submitted before, watch it to its end, and save the video. Nothing is submitted.\n\nExit codes:\n${exitCodeTable()}`
    ),
    Command.withShortDescription("Return to a job that was submitted before; nothing is submitted"),
    Command.withExamples([
      {
        command: "reelay attach 'reelay:xai/generation/a3d1008e?v=1&base=https%3A%2F%2Fapi.x.ai&at=1773297002000'",
        description: "Mind the quotes: a shell would cut the reference at &"
      }
    ])
  )

const isLoopback = (url: string): boolean => {
  const { hostname } = new URL(url)
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/u.test(hostname)
}

const refuse = (provider: string, field: string, rule: string) =>
  new JobError.JobError({ reason: new JobError.InvalidRequest({ field, rule }), provider, operation: "attach", attempt: 0 })
