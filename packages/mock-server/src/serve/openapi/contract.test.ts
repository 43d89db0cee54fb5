import { Validator } from "@seriousme/openapi-schema-validator"
import { Ajv2020 } from "ajv/dist/2020.js"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { endpoints, makeClient } from "../../../test/client.ts"
import { contractedOf, judge, repliesTo, wrongIn } from "../../../test/contract.ts"
import { type Name, providerNames } from "../../../test/names.ts"
import { isRecord, type Json } from "../../base/Rules.ts"
import { builtIn, catalogue } from "../../providers/index.ts"
import { isExpressible, kindOf } from "../../script/Fault.ts"
import { magicWords } from "../../script/MagicPrompt.ts"
import { document, examplesOf, operationsOf } from "./OpenApi.ts"

const operations = providerNames.flatMap((provider) => operationsOf(contractedOf[provider]).map((operation) => ({ provider, operation })))

describe("the OpenAPI document", () => {
  it.each(providerNames)("of %s is valid OpenAPI 3.1", async (provider) => {
    expect(await new Validator().validate(structuredClone(document(contractedOf[provider], "http://mock.test")))).toEqual({ valid: true })
  })

  it.each(providerNames)("of %s resolves every $ref, and every schema in it is JSON Schema 2020-12", (provider) => {
    const { components, paths } = document(contractedOf[provider], "http://mock.test")
    const ajv = new Ajv2020({ strict: false })
    ajv.addSchema({ $id: "http://contract/", components })
    const schemas: Array<Json> = []
    const collect = (value: unknown): void => {
      if (Array.isArray(value)) value.forEach(collect)
      if (!isRecord(value)) return
      if (isRecord(value["schema"])) schemas.push(value["schema"])
      for (const [name, inner] of Object.entries(value)) if (name !== "examples" && name !== "example") collect(inner)
    }
    collect(paths)
    expect(schemas.length).toBeGreaterThan(5)
    schemas.forEach((schema, index) => {
      ajv.compile({ $id: `http://contract/${index}`, ...JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"http://contract/#/')) })
    })
  })

  it.each(providerNames)("of %s leads from a submission to the query by links", (provider) => {
    const { paths } = document(contractedOf[provider], "http://mock.test")
    const all = Object.values(paths)
      .flatMap((item) => Object.values(item))
      .filter(isRecord)
    const ids = all.map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    const { inAnswer, inPath } = contractedOf[provider].contract.id
    const submits = all.filter(({ requestBody }) => requestBody !== undefined)
    expect(submits.length).toBe(builtIn[provider].submits.length)
    for (const { responses } of submits) {
      const accepted = isRecord(responses) && isRecord(responses["200"]) ? responses["200"] : {}
      const links = Object.values(isRecord(accepted["links"]) ? accepted["links"] : {}).filter(isRecord)
      expect(links[0]).toMatchObject({ operationId: "query", parameters: { [inPath]: `$response.body#/${inAnswer}` } })
      expect(ids).toEqual(expect.arrayContaining(links.map(({ operationId }) => operationId)))
    }
  })

  it("says of each example where it comes from, and how sure it is", () => {
    const { paths } = document(contractedOf.xai, "http://mock.test")
    expect(paths["/v1/videos/{request_id}"]).toMatchObject({
      get: {
        responses: {
          400: {
            content: {
              "application/json": {
                examples: {
                  "videos.moderated": { "x-evidence": "observed", "x-source": "https://github.com/vercel/ai/issues/17887" }
                }
              }
            }
          }
        }
      }
    })
  })

  it.each(operations.filter(({ operation }) => operation.submit !== undefined))(
    "has a request as an example that is accepted: $provider $operation.path",
    async ({ provider, operation }) => {
      const { mock, post } = makeClient()
      expect((await post(`/${provider}${operation.path}`, operation.example)).status).toBe(200)
      expect(mock.jobs.length).toBe(1)
    }
  )
})

describe("a fixture", () => {
  const all = providerNames.flatMap((provider) =>
    Object.entries(builtIn[provider].fixtures ?? {}).map(([name, fixture]) => ({ provider, name, fixture }))
  )

  it.each(all)("has its place in the contract, and its form: $provider $name", ({ provider, name, fixture }) => {
    const { body, status } = fixture
    const places = operationsOf(contractedOf[provider]).filter((operation) =>
      examplesOf(builtIn[provider], operation, status).some(([each]) => each === name)
    )
    const replies = places.flatMap((operation) => operation.replies[status] ?? [])
    const outside = places.length === 0 ? [contractedOf[provider].contract.outside[status]] : []
    expect([...replies, ...outside].length).toBeGreaterThan(0)
    const wrongs = [...replies, ...outside].map((reply) =>
      wrongIn({ [status]: reply ?? { what: "" } }, status, body === "" ? "" : JSON.stringify(body), null)
    )
    expect(wrongs).toEqual(wrongs.map(() => undefined))
  })

  it("is in the form's schema what it is to the form, however it is changed", () => {
    const pairs = operations.flatMap(({ provider, operation }) =>
      Object.entries(operation.replies).flatMap(([status, { form }]) =>
        form === undefined ? [] : examplesOf(builtIn[provider], operation, Number(status)).map(([, { body }]) => [form, body] as const)
      )
    )
    const values = fc.constantFrom(null, "", "x", 1, 1.5, -1, true, [], {}, "done", "42%")
    const change = (body: unknown, path: ReadonlyArray<number>, value: unknown): unknown => {
      const [first = 0, ...rest] = path
      if (!isRecord(body)) return value
      const names = Object.keys(body)
      const name = names[first % (names.length + 1)] ?? "other"
      if (rest.length > 0) return { ...body, [name]: change(body[name], rest, value) }
      return Object.fromEntries(Object.entries({ ...body, [name]: value }).filter(([key]) => key !== name || value !== undefined))
    }
    const paths = fc.array(fc.nat(20), { minLength: 1, maxLength: 4 })
    const seen = { good: 0, bad: 0 }
    fc.assert(
      fc.property(fc.constantFrom(...pairs), paths, fc.option(values, { nil: undefined }), ([form, body], path, value) => {
        const changed: unknown = JSON.parse(JSON.stringify(change(body, path, value)) ?? "null")
        const isGood = Schema.decodeUnknownResult(form)(changed, { onExcessProperty: "error" })._tag === "Success"
        seen[isGood ? "good" : "bad"] += 1
        expect({ changed, isGood: judge(form, changed) === undefined }).toEqual({ changed, isGood })
      }),
      { numRuns: 3000 }
    )
    expect(Math.min(seen.good, seen.bad)).toBeGreaterThan(100)
  })
})

/** Faults that are there to break the contract; every other answer keeps it. */
const breaking = ["flaky", "rate-limited-silent", "unknown-status", "foreign-words", "no-status"]
const isBreaking = (name: string | undefined): boolean =>
  name !== undefined &&
  (breaking.includes(name) ||
    kindOf(name)?.cell !== undefined ||
    magicWords.some(({ sets, word }) => word === name && sets.fault !== undefined && kindOf(sets.fault)?.cell !== undefined))

/** An error body of a provider's may come where its documents have no such status: there it breaks the contract, too. */
const isMisplaced = (name: string | undefined): boolean => name !== undefined && /^(?:submit|poll)-error\./.test(name)

/** What can go wrong at a provider: a script with another one's faults is refused, and shows no answer but that. */
const faultsOf = (provider: Name) =>
  catalogue.kinds.filter((kind) => isExpressible(kind, "every") && kind.only?.includes(provider) !== false).map(({ name }) => name)
const words = magicWords.filter(({ value }) => value === undefined)

/** Asks a mock, and says what was wrong with the answer; `undefined` if nothing was, or a fault is to blame. */
const asked = async (client: ReturnType<typeof makeClient>, provider: Name, path: string, init: RequestInit) => {
  const { headers, status, text } = await client.send(`/${provider}${path}`, init)
  const wrong = wrongIn(repliesTo(provider, init.method ?? "GET", `/${provider}${path}`), status, text, headers.get("content-type"))
  return { wrong, fault: client.mock.journal.at(-1)?.fault, status }
}

const keyOf = (key: string) => ({ authorization: `Bearer ${key}`, "content-type": "application/json" })

const scriptsOf = (provider: Name) =>
  fc.record(
    {
      ending: fc.constantFrom("succeeded", "failed", "gateway-failed", "moderated", "expired", "cancelled", "no-url", "delivered", "never"),
      progress: fc.constantFrom("linear", { stallsAt: 99 }, { shows: [10, 5, 70] }),
      shape: fc.constantFrom("default", "flat", "output-url", "every-url"),
      moderation: fc.constantFrom("http-400", "http-400-first-code", "failed", "done"),
      faults: fc.uniqueArray(fc.constantFrom(...faultsOf(provider)), { maxLength: 3 })
    },
    { requiredKeys: [] }
  )

describe("every answer of the mock", () => {
  it("keeps the contract, whatever is asked and goes wrong, but for faults that are there to break it", async () => {
    const seen = new Set<string>()
    const prompts = fc
      .uniqueArray(fc.constantFrom(...words), { maxLength: 3, selector: ({ group, word }) => group ?? word })
      .map((all) => ["A candle", ...all.map(({ word }) => `mock:${word}`)].join(" "))
    const submission = fc.constantFrom(...providerNames).chain((provider) =>
      fc.record({
        provider: fc.constant(provider),
        prompt: fc.oneof(prompts, fc.constantFrom<unknown>(7, "")),
        script: fc.option(scriptsOf(provider), { nil: undefined }),
        key: fc.constantFrom("key", "key", "key", "bad"),
        // A body of another kind, now and then.
        type: fc.constantFrom("application/json", "application/json", "application/json", "text/plain"),
        polls: fc.array(
          fc.tuple(
            fc.integer({ min: 0, max: 12_000 }),
            fc.constantFrom("query", "query", "content", "stranger", "post", "nowhere", "part")
          ),
          { maxLength: 8 }
        )
      })
    )
    // Too rare to be drawn each time: a part of a file that is past its end, a job that waits, and one that is asked about too often.
    const common = { script: undefined, key: "key", type: "application/json" } as const
    const rare: ReadonlyArray<typeof submission extends fc.Arbitrary<infer A> ? A : never> = [
      {
        ...common,
        provider: "geeknow",
        prompt: "A candle",
        polls: [
          [12_000, "query"],
          [0, "part"]
        ]
      },
      { ...common, provider: "xai", prompt: "A candle", polls: [[0, "query"]] },
      { ...common, provider: "xai", prompt: "A candle mock:rate-limited", polls: [[0, "query"]] }
    ]
    await fc.assert(
      fc.asyncProperty(submission, async ({ key, polls, prompt, provider, script, type }) => {
        const client = makeClient({ maxBodyBytes: 500 })
        const { body: least, poll, submit } = endpoints[provider]
        const headers = {
          ...keyOf(key),
          "content-type": type,
          ...(script === undefined ? {} : { "x-reelay-script": JSON.stringify(script) })
        }
        const first = { method: "POST", headers, body: JSON.stringify({ ...least, prompt }) }
        const id = (): string => client.mock.jobs.at(-1)?.id ?? "none"
        const check = async (path: string, init: RequestInit): Promise<void> => {
          const { fault, status, wrong } = await asked(client, provider, path, init)
          seen.add(`${provider} ${status}`)
          if (isBreaking(fault) || (isMisplaced(fault) && wrong === `no such status: ${status}`)) return
          expect({ path, init, status, fault, wrong }).toMatchObject({ wrong: undefined })
        }
        await check(submit, first)
        await check(submit, { ...first, body: " ".repeat(600) })
        let at = 0
        for (const [wait, what] of polls) {
          client.at((at += wait))
          const [path, init]: readonly [string, RequestInit] =
            what === "content" || what === "part"
              ? [`${poll(id())}/content`, { headers: what === "part" ? { ...keyOf("key"), range: "bytes=99999999-" } : keyOf("key") }]
              : what === "nowhere"
                ? ["/nowhere", { headers: keyOf("key") }]
                : [poll(id()), { method: what === "post" ? "PUT" : "GET", headers: keyOf(what === "stranger" ? "bad" : "key") }]
          if (what === "content" && builtIn[provider].content === undefined) continue
          await check(path, init)
        }
      }),
      { numRuns: 600, examples: rare.map((each) => [each]) }
    )
    // The generators reach what the contract is about.
    const statuses = [...seen].map((each) => Number(each.slice(-3)))
    expect(statuses).toEqual(expect.arrayContaining([200, 400, 401, 404, 405, 413, 415, 416, 429]))
    expect(seen).toContain("xai 202")
  })

  it.each(breaking)("is out of the contract under %s, so that it has to be exempt", async (name) => {
    const wrongs: Array<string> = []
    for (const provider of providerNames) {
      const client = makeClient()
      const { body, poll, submit } = endpoints[provider]
      const script = JSON.stringify({ faults: [name] })
      await client.send(`/${provider}${submit}`, {
        method: "POST",
        headers: { ...keyOf("key"), "x-reelay-script": script },
        body: JSON.stringify({ ...body, prompt: "A candle" })
      })
      for (const at of [0, 1000, 5000, 10_000]) {
        client.at(at)
        const { wrong } = await asked(client, provider, poll(client.mock.jobs[0]?.id ?? ""), { headers: keyOf("key") })
        if (wrong !== undefined) wrongs.push(wrong)
      }
    }
    expect(wrongs.length).toBeGreaterThan(0)
  })

  it("is blamed on the fault that changed its words, not on another one of the job's", async () => {
    const client = makeClient()
    const { body, poll, submit } = endpoints.cometapi
    const script = JSON.stringify({ faults: ["goes-back", "unknown-status", "foreign-words"] })
    const headers = { ...keyOf("key"), "x-reelay-script": script }
    await client.send(`/cometapi${submit}`, { method: "POST", headers, body: JSON.stringify({ ...body, prompt: "A candle" }) })
    client.at(1000)
    const { fault } = await asked(client, "cometapi", poll(client.mock.jobs[0]?.id ?? ""), { headers: keyOf("key") })
    expect(fault).toBe("foreign-words")
  })

  it.each(["text", "absent"])("is out of the contract where a script shows progress as %s, and only in that", async (progress) => {
    const client = makeClient()
    const { body, poll, submit } = endpoints.geeknow
    await client.send(`/geeknow${submit}`, {
      method: "POST",
      headers: { ...keyOf("key"), "x-reelay-script": JSON.stringify({ progress }) },
      body: JSON.stringify({ ...body, prompt: "A candle" })
    })
    client.at(5000)
    const { wrong } = await asked(client, "geeknow", poll(client.mock.jobs[0]?.id ?? ""), { headers: keyOf("key") })
    expect(wrong).toContain("progress")
  })
})
