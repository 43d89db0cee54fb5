import * as NodeRedis from "@effect/platform-node/NodeRedis"
import { Limits } from "@reelay/core"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Scope from "effect/Scope"
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished } from "vitest"

/** A Redis for this test only, on a socket in a temporary folder: it listens on no port and keeps nothing. */
const serve = async () => {
  const socket = join(mkdtempSync(join(tmpdir(), "reelay-redis-")), "redis.sock")
  const child = spawn("redis-server", ["--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no"], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const closed = new Promise((resolve) => child.once("close", resolve))
  const kill = (): Promise<unknown> => {
    child.kill("SIGKILL")
    return closed
  }
  onTestFinished(() => void kill())
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (chunk) => String(chunk).includes("ready to accept connections") && resolve())
    child.once("close", () => reject(new Error("redis-server ended before it was ready")))
  })
  return { socket, kill }
}

/** What one process would have: its own connection, its own limits. */
const worker = (socket: string, options: Limits.Options = {}) =>
  Limits.layer(options).pipe(
    Layer.provide([RateLimiter.layerStoreRedis({ prefix: "t:" }), CircuitBreaker.layerStoreRedis({ prefix: "t:" })]),
    Layer.provide(NodeRedis.layer({ socket: { path: socket, tls: false } })),
    Layer.fresh
  )

const account = { origin: "https://api.example.test", account: "me" }
/** A request that waits for this many milliseconds: sent, or why it was not admitted. */
const asking = (limits: Limits.Limits, patience: number, status = 200, headers: Record<string, string> = {}) =>
  limits
    .turn(account, patience, (listen) => listen(Effect.succeed({ operation: "poll", status, headers, body: "" })))
    .pipe(Effect.match({ onSuccess: () => "sent", onFailure: (why) => ("detail" in why ? why.because : "no answer") }))
/** Long enough for a request that is admitted, and a short wait for one that is not. */
const [long, short] = [50_000, 1000]

/** Two processes that share one Redis. */
const both = <A>(socket: string, options: Limits.Options, work: (one: Limits.Limits, two: Limits.Limits) => Effect.Effect<A>): Promise<A> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const one = yield* Layer.build(worker(socket, options))
      const two = yield* Layer.build(worker(socket, options))
      return yield* work(Context.get(one, Limits.Limits), Context.get(two, Limits.Limits))
    }).pipe(Effect.scoped)
  )

const installed = spawnSync("redis-server", ["--version"]).status === 0

describe.skipIf(!installed)("limits that several processes share over Redis", () => {
  it("keep one rate", async () => {
    const { socket } = await serve()
    const seen = await both(socket, { rate: { limit: 3, window: "1 hour" } }, (one, two) =>
      Effect.all([asking(one, long), asking(one, short), asking(two, short)])
    )
    // 20 minutes apart, whichever process asks.
    expect(seen).toEqual(["sent", "rate", "rate"])
  })

  it("keep one pause after a 429", async () => {
    const { socket } = await serve()
    const seen = await both(socket, {}, (one, two) =>
      Effect.all([
        asking(one, long),
        asking(two, long),
        asking(one, long, 429, { "retry-after": "3600" }),
        asking(two, short),
        asking(one, short)
      ])
    )
    expect(seen).toEqual(["sent", "sent", "sent", "pause", "pause"])
  })

  it("keep one circuit", async () => {
    const { socket } = await serve()
    const seen = await both(socket, {}, (one, two) =>
      Effect.all([
        ...Array.from({ length: 5 }, (_, index) => asking(index % 2 === 0 ? one : two, long, 503)),
        asking(one, short),
        asking(two, short)
      ])
    )
    expect(seen).toEqual(["sent", "sent", "sent", "sent", "sent", "circuit", "circuit"])
  })

  it("lose no job when it is killed, and say so once", async () => {
    const { kill, socket } = await serve()
    const said: Array<string> = []
    const logger = Logger.make(({ message }) => void said.push(String(message)))
    // Its scope is never closed: redis' own client would wait for its server.
    const context = await Effect.runPromise(
      Layer.buildWithScope(worker(socket, { rate: { limit: 100, window: "1 second" } }), Scope.makeUnsafe()).pipe(
        Effect.provide(Logger.layer([logger]))
      )
    )
    const limits = Context.get(context, Limits.Limits)
    const asked = asking(limits, long).pipe(Effect.provide(Logger.layer([logger])))
    const before = await Effect.runPromise(asked)
    await kill()
    const seen = [before, ...(await Promise.all([1, 2, 3].map(() => Effect.runPromise(asked))))]
    expect(seen).toEqual(["sent", "sent", "sent", "sent"])
    expect(said.filter((line) => line.includes("The store of the shared limits failed"))).toHaveLength(1)
  })
})
