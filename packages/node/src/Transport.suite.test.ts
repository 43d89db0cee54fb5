/** One suite over every transport. What a browser does otherwise stands in packages/core/src/transport/overFetch.test.ts. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Agent } from "@effect/platform-node/Undici"
import { Transport as CoreTransport } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import { overFetch } from "../../core/src/transport/overFetch.ts"
import { overHttpClient } from "../../core/src/transport/overHttpClient.ts"
import { transportSuite } from "../test/transportSuite.ts"
import * as Transport from "./Transport.ts"

const overFetchClient = overHttpClient(Effect.runSync(Effect.provide(HttpClient.HttpClient, FetchHttpClient.layer)))
const plain = Effect.runSync(Effect.provideService(NodeHttpClient.makeUndici, NodeHttpClient.Dispatcher, new Agent()))
const own = Transport.make()
const dispatch = CoreTransport.transportOf(own)
if (dispatch === undefined) throw new Error("polls of @reelay/node go through no transport of their own")

const zstd = "the platform's DecompressionStream has no zstd"
const late = "what is compressed is kept until it has ended, at most 1 MiB of it"
const cookies = "effect keeps one cookie of several that fetch gives it"
const atOnce = {
  "never tells before it has returned": "an effect may come to its end at once, which the contract allows",
  "is left at once, though it can't send: nothing is told": "it has told already"
}

transportSuite("over fetch", () => overFetch())
transportSuite("over an HttpClient, by fetch", () => overFetchClient, {
  ...atOnce,
  "gives names of headers in lower case, and several values as one": cookies
})
transportSuite("over an HttpClient that undoes nothing", () => overHttpClient(plain), {
  ...atOnce,
  "reads a gzip that lacks its checksum": "the platform's DecompressionStream wants it",
  "undoes zstd": zstd,
  "undoes zstd, in pieces": zstd,
  "cuts what comes out of a coding that does not end, and lets its connection go": late
})
transportSuite("over the HttpClient of @reelay/node", () => overHttpClient(own), atOnce)
transportSuite("over undici's dispatch", () => dispatch)
