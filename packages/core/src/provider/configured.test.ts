/** F20: configuration is checked like a request, before any byte is sent, whatever API uses it. */
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Cause from "effect/Cause"
import * as Redacted from "effect/Redacted"
import { lastValueFrom } from "rxjs"
import { definition, request } from "../../test/fake.ts"
import { fakeFetch } from "../../test/fetch.ts"
import * as Job from "../Job.ts"
import { JobError } from "../job/JobError.ts"
import * as Limits from "../limits/Limits.ts"
import { createClient } from "../promise.ts"
import { submit$ } from "../rxjs.ts"
import * as FetchTransport from "../transport/FetchTransport.ts"
import { configure, type Definition, type Provider } from "./Provider.ts"

const versioned: Definition<typeof request> = { ...definition, prefix: "/grok/v1/videos" }
/** As a program without types calls it. */
const untyped = <A>(call: (...args: ReadonlyArray<never>) => A, args: ReadonlyArray<unknown>): A => Reflect.apply(call, undefined, args)

const made = (options?: unknown): Provider<typeof request> => untyped(configure(versioned), [options])
const ref = "reelay:fake/generation/a?v=1&base=https%3A%2F%2Fapi.fake.test&at=1"

const apis = {
  submit: (provider: Provider<typeof request>, fetch: typeof globalThis.fetch) => createClient({ provider, fetch }).submit(request),
  attach: (provider: Provider<typeof request>, fetch: typeof globalThis.fetch) => createClient({ provider, fetch }).attach(ref),
  runAll: async (provider: Provider<typeof request>, fetch: typeof globalThis.fetch) => {
    for await (const event of createClient({ provider, fetch }).runAll([["a", request]])) if (event._tag === "Error") throw event.error
  },
  submit$: (provider: Provider<typeof request>, fetch: typeof globalThis.fetch) =>
    lastValueFrom(submit$(provider, request, { transport: FetchTransport.layer(fetch) })),
  "Job.submit": (provider: Provider<typeof request>, fetch: typeof globalThis.fetch) =>
    Effect.runPromiseExit(Effect.provide(Job.submit(provider, request), FetchTransport.layer(fetch))).then((exit) =>
      Exit.isSuccess(exit) ? exit.value : Promise.reject(Cause.squash(exit.cause))
    )
}

const refused = async (run: (fetch: typeof globalThis.fetch) => Promise<unknown>): Promise<JobError> => {
  const net = fakeFetch()
  const error: unknown = await run(net.fetch).then(
    () => "nothing was refused",
    (failure: unknown) => failure
  )
  expect(net.requests).toEqual([])
  if (!(error instanceof JobError)) throw error
  return error
}

describe.each(Object.entries(apis))("F20: options of a provider, used by %s", (_, use) => {
  it.each([
    [undefined, "apiKey", "is missing for Fake"],
    [{ apiKey: undefined }, "apiKey", "is missing for Fake"],
    [{ apiKey: null }, "apiKey", "is missing for Fake"],
    [{ apiKey: "" }, "apiKey", "is missing for Fake"],
    [{ apiKey: " \n" }, "apiKey", "is missing for Fake"],
    [{ apiKey: Redacted.make(" ") }, "apiKey", "is missing for Fake"],
    [{ apiKey: 7 }, "apiKey", "must be a text"],
    [{ apiKey: Redacted.make(7) }, "apiKey", "must be a text"],
    [{ apiKey: "undefined" }, "apiKey", 'is the text "undefined", as from a variable that isn\'t set'],
    [{ apiKey: "Bearer key-of-fake" }, "apiKey", "begins with Bearer, which is added to it: give the key alone"],
    [{ apiKey: "key\nof-fake" }, "apiKey", "has characters that a key can't have, such as a space or a line break"],
    [null, "apiKey", "is missing for Fake"],
    ["key-of-fake", "options", "must be an object"],
    [{ apikey: "k" }, "apikey", "isn't an option; it is apiKey"],
    [{ apiKey: "k", baseURL: "https://a.b" }, "baseURL", "isn't an option; it is baseUrl"],
    [{ apiKey: "k", timeout: 5 }, "timeout", "isn't an option; there are apiKey, baseUrl, account, headers, userAgent"],
    [{ apiKey: "k", account: "" }, "account", "must be a text that isn't empty"],
    [{ apiKey: "k", headers: new Headers({ a: "b" }) }, "headers", "must be an object of names and values"],
    [{ apiKey: "k", headers: { "x-team": undefined } }, "headers", "have no text for x-team"],
    [{ apiKey: "k", baseUrl: 7 }, "baseUrl", "must be a text"],
    [{ apiKey: "k", baseUrl: "" }, "baseUrl", "is empty"],
    [{ apiKey: "k", baseUrl: "/proxy" }, "baseUrl", `is a path: give scheme and host as well, as in ${definition.baseUrl}`],
    [{ apiKey: "k", baseUrl: "api.fake.test" }, "baseUrl", `has no scheme: begin it with https://, as in ${definition.baseUrl}`],
    [{ apiKey: "k", baseUrl: "localhost:3000" }, "baseUrl", `has no scheme: begin it with https://, as in ${definition.baseUrl}`],
    [{ apiKey: "k", baseUrl: "ws://a.b" }, "baseUrl", "must begin with https:// or http://"],
    [{ apiKey: "k", baseUrl: "https://a b" }, "baseUrl", "isn't an address"],
    [{ apiKey: "k", baseUrl: "https://me:secret-of-me@a.b" }, "baseUrl", "has a user name or password"],
    [{ apiKey: "k", baseUrl: "https://a.b?key=secret-of-me" }, "baseUrl", "has a query or a fragment"],
    [{ apiKey: "k", baseUrl: "https://a.b/?" }, "baseUrl", "has a query or a fragment"],
    [{ apiKey: "k", baseUrl: "https://a.b/v1" }, "baseUrl", "ends in /v1, which is added to it: use https://a.b"],
    [{ apiKey: "k", baseUrl: "https://a.b/v1//" }, "baseUrl", "ends in /v1, which is added to it: use https://a.b"],
    [{ apiKey: "k", baseUrl: "https://a.b/p/grok/v1" }, "baseUrl", "ends in /grok/v1, which is added to it: use https://a.b/p"],
    [{ apiKey: "k", baseUrl: "https://a.b/v1/videos" }, "baseUrl", "ends in /v1/videos, which is added to it: use https://a.b"]
  ])("%j", async (options, field, rule) => {
    const error = await refused((fetch) => use(made(options), fetch))
    expect(error.reason).toMatchObject({ _tag: "InvalidRequest", field, rule })
    expect(error.message).not.toContain("secret-of-me")
  })
})

it.each(["https://a.b", "https://a.b///", " https://a.b ", "https://a.b/grok", "https://a.b/v12", "http://127.0.0.1:8080/fake"])(
  "the base URL %j is fine",
  async (baseUrl) => {
    const net = fakeFetch()
    await createClient({ provider: made({ apiKey: " key-of-fake\n", baseUrl }), fetch: net.fetch }).submit(request)
    expect(net.requests).toHaveLength(1)
  }
)

const create = (options?: unknown): unknown => untyped(createClient, [options])

describe("F20: options of a client", () => {
  const provider = made({ apiKey: "key-of-fake" })

  it.each([
    [undefined, "provider"],
    [{}, "provider"],
    [{ provider: undefined }, "provider"],
    [{ provider: configure(definition) }, "provider"],
    [{ provider, baseUrl: "https://a.b" }, "baseUrl"],
    [{ provider, maxConsecutiveFailure: 3 }, "maxConsecutiveFailure"],
    [{ provider, maxConsecutiveFailures: 0 }, "maxConsecutiveFailures"],
    [{ provider, deadline: "soon" }, "deadline"],
    [{ provider, pace: 0 }, "pace"],
    [{ provider, pollRetry: 3 }, "pollRetry"],
    [{ provider, fetch: "fetch" }, "fetch"],
    [{ provider, logLevel: "warn" }, "logLevel"]
  ])("%j throws, and names %s", (options, field) => {
    const reason: unknown = (() => {
      try {
        return create(options)
      } catch (error) {
        return error instanceof JobError ? error.reason : error
      }
    })()
    expect(reason).toMatchObject({ _tag: "InvalidRequest", field })
  })

  it.each([
    ["submit", [request, { lable: "x" }], "lable"],
    ["submit", [request, { signal: new AbortController() }], "signal"],
    ["submit", [request, { key: "" }], "key"],
    ["submit", [request, { onState: () => undefined }], "onState"],
    ["submission", [request, { onSubmited: () => undefined }], "onSubmited"],
    ["run", [request, { onstate: () => undefined }], "onstate"],
    ["attach", [ref, { anyaccount: true }], "anyaccount"],
    ["attach", [undefined], "ref"],
    ["attach", [{ id: "a" }], "ref"]
  ] as const)("%s refuses %j by the name of %s", async (method, args, field) => {
    const error = await refused((fetch) => {
      const client = createClient({ provider, fetch })
      return untyped<Promise<unknown>>(client[method], args)
    })
    expect(error.reason).toMatchObject({ _tag: "InvalidRequest", field })
  })

  it.each([
    ["runAll", [{ fox: request }], "requests"],
    ["runAll", [[request]], "requests"],
    ["runAll", [undefined], "requests"],
    ["runAll", [[["a", request]], { concurency: 3 }], "concurency"],
    ["runAll", [[["a", request]], { concurrency: 0 }], "concurrency"],
    ["runAll", [[["a", request]], { signal: new AbortController() }], "signal"]
  ] as const)("%s refuses %j by the name of %s", async (method, args, field) => {
    const error = await refused(async (fetch) => {
      const client = createClient({ provider, fetch })
      const events = untyped<AsyncIterable<unknown>>(client[method], args)
      for await (const event of events) void event
    })
    expect(error.reason).toMatchObject({ _tag: "InvalidRequest", field })
  })

  it.each([{ onUnsubscribe: "stop" }, { transports: 1 }, { logLevel: 3 }, { pace: Number.NaN }])("submit$ refuses %j", async (options) => {
    const error = await refused((fetch) =>
      lastValueFrom(untyped(submit$, [provider, request, { transport: FetchTransport.layer(fetch), ...options }]))
    )
    expect(error.reason).toMatchObject({ _tag: "InvalidRequest", field: Object.keys(options)[0] })
  })

  it.each([
    { failure: 3 },
    { failures: 0 },
    { failures: "5" },
    { rate: 60 },
    { rate: { limit: 0, window: 1000 } },
    { rate: { limit: 1, window: "soon" } },
    { open: "soon" }
  ])("Limits.memory throws a RangeError for %j", (options) => {
    expect(() => untyped(Limits.memory, [options])).toThrow(RangeError)
    expect(() => untyped(Limits.memory, [options])).toThrow(Object.keys(options)[0])
  })
})
