import { Artifact, Job, JobError, type JobRef, type JobState, Journal, KeyValueJournal, Provider } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { storeOf } from "./store.ts"
import { type Definition, definitions } from "./subjects.ts"

const key = "sk-secret-7f3a9c51"
const token = "tok-secret-51c9a3f7"
const configured = "https://gateway.test/api"

/** Addresses that are not the configured one, though some are similar. */
const foreign = fc.oneof(
  fc.constantFrom(
    "https://gateway.test.evil.test/api",
    "https://evil.test/gateway.test/api",
    "https://gateway.test:444/api",
    "http://gateway.test/api",
    "https://gateway.test/api/..",
    "https://gateway.test/api/v2",
    "https://gateway.test",
    "https://GATEWAY.test/api",
    "https://gateway.test./api",
    "https://xn--gatewy-cua.test/api",
    "https://api.x.ai.evil.test",
    "http://127.0.0.1:8080",
    "http://[::1]"
  ),
  fc.webUrl({ validSchemes: ["http", "https"] }).map((url) => url.replace(/\/+$/u, ""))
)

/** Invalid addresses: with a user name, a query, or an unsupported scheme. */
const broken = fc.constantFrom(
  "https://gateway.test/api@evil.test",
  "https://gateway.test@evil.test/api",
  "https://user:pass@evil.test",
  "https://evil.test/?https://gateway.test/api",
  "https://evil.test/#https://gateway.test/api",
  "ftp://evil.test",
  "//evil.test",
  "evil",
  ""
)

interface Sent {
  readonly origin: string
  /** Everything in the request, except the journal's own host. */
  readonly text: string
}

/** Records what was sent, and gives a useless answer. */
const recording = () => {
  const sent: Array<Sent> = []
  const client: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    const text = JSON.stringify([request.url, [...request.headers], await request.text()])
    sent.push({ origin: new URL(request.url).origin, text })
    return new Response(JSON.stringify({ id: "job-1", request_id: "job-1", task_id: "job-1" }), {
      headers: { "content-type": "application/json" }
    })
  }
  return { sent, client }
}

const hasSecret = ({ text }: Sent): boolean => text.includes(key) || text.includes(token)

const providerOf = (definition: Definition) =>
  Provider.configure(definition)({ apiKey: key, baseUrl: configured, account: "me", headers: { "x-gateway-token": token } })

const refOf = ({ name }: Definition, baseUrl: string, id = "job-1"): JobRef.JobRef => ({
  provider: name,
  kind: "generation",
  id,
  baseUrl,
  account: "me",
  submittedAt: Date.UTC(2026, 0, 1)
})

const names = fc.constantFrom(...definitions.map((definition) => definition.name))

const named = (wanted: string): Definition => {
  const found = definitions.find((definition) => definition.name === wanted)
  if (found === undefined) throw new Error(`there is no ${wanted}`)
  return found
}

/** A reference that a user may paste: its address leads elsewhere. */
const given = fc
  .record({ name: names, baseUrl: fc.oneof({ weight: 3, arbitrary: foreign }, broken) })
  .filter(({ baseUrl }) => baseUrl !== configured && definitions.every((definition) => baseUrl !== definition.baseUrl))

const journals = {
  "without a journal": undefined,
  "with an empty journal": [],
  "with a journal that knows a job of this id at the configured address": [configured],
  "with a journal that knows another job at the foreign address": ["elsewhere"]
} as const

/** What may be done with a reference. */
const operations = {
  attach: (provider: Provider.Provider<never>, ref: JobRef.JobRef) =>
    Effect.flatMap(Job.attach(provider, ref, { deadline: 1000 }), ({ states }) => Stream.runDrain(Stream.take(states, 2))),
  "attach with any account": (provider: Provider.Provider<never>, ref: JobRef.JobRef) =>
    Effect.flatMap(Job.attach(provider, ref, { anyAccount: true, deadline: 1000 }), ({ result }) => result),
  cancel: (provider: Provider.Provider<never>, ref: JobRef.JobRef) => Effect.flatMap(Job.attach(provider, ref), ({ cancel }) => cancel),
  download: (provider: Provider.Provider<never>, ref: JobRef.JobRef) =>
    Artifact.bytes(provider, finished(ref, `${ref.baseUrl}/v1/videos/job-1/content`)),
  "download from elsewhere": (provider: Provider.Provider<never>, ref: JobRef.JobRef) =>
    Artifact.bytes(provider, finished(ref, "/v1/videos/job-1/content"))
}

const finished = (ref: JobRef.JobRef, url: string): JobState.Succeeded => ({
  _tag: "Succeeded",
  ref,
  at: 0,
  polls: 1,
  artifacts: [{ url, kind: "content" }],
  billed: "yes"
})

const memory = () => KeyValueJournal.make(storeOf())

const entryOf = (ref: JobRef.JobRef): Journal.Entry => ({
  _tag: "Entry",
  id: `entry-${ref.id}`,
  provider: ref.provider,
  kind: ref.kind,
  baseUrl: ref.baseUrl,
  account: ref.account ?? "",
  digest: "",
  at: ref.submittedAt,
  fate: { _tag: "Accepted", ref }
})

describe.each(Object.entries(journals))("a reference to a foreign address, %s,", (_, known) => {
  it.each(Object.entries(operations))("never sends the key there: %s", async (_name, operation) => {
    await fc.assert(
      fc.asyncProperty(given, async ({ baseUrl, name: wanted }) => {
        const definition = named(wanted)
        const net = recording()
        const journal = memory()
        for (const address of known ?? []) {
          const other = address === "elsewhere" ? refOf(definition, baseUrl, "job-2") : refOf(definition, address)
          await Effect.runPromise(Effect.ignore(journal.write(entryOf(other))))
        }
        const asked = Effect.result(operation(providerOf(definition), refOf(definition, baseUrl))).pipe(
          Effect.provide(FetchHttpClient.layer),
          Effect.provideService(FetchHttpClient.Fetch, net.client)
        )
        const done = await Effect.runPromise(known === undefined ? asked : Effect.provideService(asked, Journal.Journal, journal))
        expect(net.sent.filter(hasSecret)).toEqual([])
        const failure = Result.isFailure(done) ? done.failure : undefined
        expect(failure).toBeInstanceOf(JobError.JobError)
        expect(failure).toMatchObject({ reason: { _tag: expect.stringMatching(/^(ForbiddenAddress|InvalidRequest)$/u) } })
      }),
      { numRuns: 100 }
    )
  })
})

describe("a job in one's own journal", () => {
  it("is followed at the address that the key was sent to before, and nowhere else", async () => {
    await fc.assert(
      fc.asyncProperty(names, foreign, foreign, async (wanted, mine, pasted) => {
        const definition = named(wanted)
        fc.pre(new URL(mine).origin !== new URL(pasted).origin)
        const net = recording()
        const journal = memory()
        await Effect.runPromise(journal.write(entryOf(refOf(definition, mine))))
        const provider = providerOf(definition)
        const all = Effect.gen(function* () {
          yield* Effect.exit(Stream.runDrain(Job.resumeAll([provider], { deadline: 20, pace: 10, pollRetry: undefined })))
          for (const operation of Object.values(operations)) yield* Effect.exit(operation(provider, refOf(definition, pasted)))
        })
        await Effect.runPromise(
          all.pipe(
            Effect.provideService(Journal.Journal, journal),
            Effect.provide(FetchHttpClient.layer),
            Effect.provideService(FetchHttpClient.Fetch, net.client)
          )
        )
        const drawn = new Set(net.sent.filter(hasSecret).map(({ origin }) => origin))
        expect([...drawn]).toEqual([new URL(mine).origin])
      }),
      { numRuns: 25 }
    )
  })
})
