import { Job, Provider, type VideoRequest } from "@reelay/core"
import { type Fault, Mock, Script, World } from "@reelay/mock-server"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Arbitraries } from "../src/index.ts"
import { definitions } from "./subjects.ts"

describe("requests of a provider's table", () => {
  it.each(definitions)("$name: what the table allows, the documented rules of the mock accept", async (definition) => {
    const models = new Set<string | undefined>()
    await fc.assert(
      fc.asyncProperty(Arbitraries.request(definition), async (request) => {
        const mock = Mock.make({ now: () => 0 })
        const accepted = await submitted(definition, mock, request)
        expect([accepted, mock.jobs.length]).toEqual(["accepted", 1])
        models.add(request.model)
      }),
      { numRuns: 300 }
    )
    expect(models.size).toBe(new Set(definition.capabilities.map(({ model }) => model)).size)
  })

  it("cover everything: prompts, durations, shapes and images all occur, and are sometimes absent", () => {
    const all = fc.sample(fc.oneof(...definitions.map(Arbitraries.request)), 300)
    for (const field of ["duration", "aspectRatio", "resolution", "images"] as const) {
      const given = all.filter((request) => request[field] !== undefined).length
      expect([field, given > 30, given < 295]).toEqual([field, true, true])
    }
  })
})

const submitted = (
  definition: Provider.Definition<VideoRequest.VideoRequest>,
  mock: Mock.Mock,
  request: VideoRequest.VideoRequest
): Promise<string> => {
  const provider = Provider.configure(definition)({ apiKey: "any-key", baseUrl: `http://mock.test/${definition.name}` })
  const net = Layer.provide(FetchHttpClient.layer, Layer.succeed(FetchHttpClient.Fetch, Mock.fetchOf(mock)))
  return Effect.runPromise(
    Job.submit(provider, request).pipe(
      Effect.match({ onSuccess: () => "accepted", onFailure: ({ message }) => message }),
      Effect.provide(net)
    )
  )
}

describe("scripts", () => {
  const hosts: ReadonlyArray<Fault.Needs> = ["every", "web", "socket"]

  it.each(hosts)("can be played on a host that can do %s, and read from JSON again", async (host) => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...definitions.map(({ name }) => name)), fc.nat(), async (name, seed) => {
        const [script = Script.success(0)] = fc.sample(Arbitraries.script(isProvider(name) ? name : "xai", { host, faults: 3 }), {
          numRuns: 1,
          seed
        })
        expect(Script.fromJson(JSON.parse(JSON.stringify(script)), 1000)).toEqual(script)
        const mock = Mock.make({ now: () => 0 })
        mock.play(script)
        const { answer } = await mock.deliver(post(name), host)
        expect(JSON.stringify(answer)).not.toMatch(/needs a socket|is one of/u)
      })
    )
  })

  it("shrink to one that succeeds at once", () => {
    const found = fc.check(
      fc.property(Arbitraries.script("xai"), () => false),
      { numRuns: 20 }
    )
    const { duration: _, ...least } = Script.success(0)
    expect(found.counterexample).toEqual([{ ...least, phases: [], seed: 0 }])
  })
})

describe("worlds", () => {
  it("have a token each, are read from it again, and accept a job of their provider under it", async () => {
    const kinds = new Set<string>()
    await fc.assert(
      fc.asyncProperty(Arbitraries.world(["xai", "geeknow", "cometapi", "xingchao"], { host: "web", clock: "frozen" }), async (world) => {
        const token = World.toToken(world)
        expect(World.toToken(readable(token))).toBe(token)
        expect(World.toJson(readable(token))).toEqual(World.toJson(world))
        const mock = Mock.make({ now: () => 0 })
        const [path] = paths[world.provider] ?? ["/"]
        const asked = new Request(post(world.provider).url.replace(`/${world.provider}${path}`, `/r/${token}${path}`), post(world.provider))
        const { answer } = await mock.deliver(asked, "web")
        expect(JSON.stringify(answer)).not.toMatch(/needs a socket|is one of/u)
        const journal = await mock.handle(new Request(`http://mock.test/r/${token}/__mock/journal`))
        expect(await journal.json()).toMatchObject([{ route: "submit", provider: world.provider }])
        kinds.add(`${world.provider} ${world.clock}`)
      })
    )
    expect(kinds.size).toBe(4)
  })

  it("shrink to the first provider's, without faults", () => {
    const found = fc.check(
      fc.property(Arbitraries.world(["geeknow", "xai"]), () => false),
      { numRuns: 20 }
    )
    const { duration: _, ...least } = Script.success(0)
    expect(found.counterexample).toEqual([{ provider: "geeknow", script: { ...least, phases: [], seed: 0 } }])
  })
})

const readable = (token: string): World.World => {
  const world = World.fromToken(token)
  if ("problem" in world) throw new Error(world.problem)
  return world
}

const isProvider = (name: string): name is "xai" | "cometapi" | "xingchao" | "geeknow" =>
  name === "xai" || name === "cometapi" || name === "xingchao" || name === "geeknow"

const paths: Readonly<Record<string, readonly [string, object]>> = {
  xai: ["/v1/videos/generations", {}],
  cometapi: ["/grok/v1/videos/generations", {}],
  xingchao: ["/v1/grok/videos", { model: "grok_video3" }],
  geeknow: ["/v1/videos", { model: "grok-video-3" }]
}
const post = (name: string): Request => {
  const [path, body] = paths[name] ?? ["/", {}]
  const headers = { authorization: "Bearer k", "content-type": "application/json" }
  return new Request(`http://mock.test/${name}${path}`, { method: "POST", headers, body: JSON.stringify({ ...body, prompt: "x" }) })
}

const Command = Schema.Union([
  Schema.TaggedStruct("Submit", { seconds: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 })) }),
  Schema.TaggedStruct("Poll", {})
])
const commands = fc.array(Arbitraries.fromSchema(Command), { maxLength: 20 })
const isFine = (all: ReadonlyArray<typeof Command.Type>): boolean => !all.some((each) => each._tag === "Submit" && each.seconds > 136)

describe("a schema's values", () => {
  it("are what the schema allows", () => {
    const is = Schema.is(Command)
    expect(fc.sample(commands, 500).every((all) => all.every((command) => is(command)))).toBe(true)
  })

  it("shrink to the exact threshold, by effect's own candidates, and are found again by seed and path", () => {
    const found = fc.check(fc.property(commands, isFine), { seed: 1, numRuns: 200 })
    expect(found.counterexample).toEqual([[{ _tag: "Submit", seconds: 137 }]])
    const again = fc.check(fc.property(commands, isFine), { seed: 1, path: found.counterexamplePath ?? "" })
    expect([again.counterexample, again.numRuns]).toEqual([found.counterexample, 1])
  })

  it("work in fast-check's own combinators", () => {
    const pairs = fc.tuple(Arbitraries.fromSchema(Schema.Int), fc.boolean()).map(([number, flag]) => (flag ? number : -number))
    expect(fc.sample(pairs, 200).every(Number.isInteger)).toBe(true)
  })
})
