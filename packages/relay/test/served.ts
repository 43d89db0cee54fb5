/** A relay behind a socket, which a test can cut, hold back, or start anew. */
import { createServer, type RequestListener, type Server } from "node:http"
import { relay as clientOf, type ClientOptions, type RelayClient } from "../src/client.ts"
import type { Relay } from "../src/index.ts"
import { listener } from "../src/node.ts"
import { later } from "./relay.ts"

export interface Served {
  readonly url: string
  readonly port: number
  /** Breaks all connections; new ones are let in. */
  readonly cut: () => void
  readonly stop: () => Promise<void>
  /** The requests that came, as `GET /jobs`. */
  readonly requests: ReadonlyArray<string>
}

const withoutNames = (text: string): string => text.replace(/j1\.[\w-]+/u, "<job>")

/** `instead` may answer a request itself, and then returns true. */
export const served = async (
  relay: Relay,
  {
    instead = () => false,
    port = 0
  }: { readonly instead?: (...given: Parameters<RequestListener>) => boolean; readonly port?: number } = {}
): Promise<Served> => {
  const requests: Array<string> = []
  const handle = listener(relay)
  const server: Server = createServer((incoming, outgoing) => {
    requests.push(withoutNames(`${incoming.method} ${incoming.url?.replace("/api/video", "")}`))
    if (!instead(incoming, outgoing)) handle(incoming, outgoing)
  })
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve))
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  later(stop)
  const address = server.address()
  const own = typeof address === "object" && address !== null ? address.port : 0
  return { url: `http://127.0.0.1:${own}/api/video`, port: own, cut: () => server.closeAllConnections(), stop, requests }
}

/** What a browser keeps for a tab. */
export const tabStorage = (): Storage => {
  const kept = new Map<string, string>()
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
    clear: () => kept.clear(),
    key: (at) => [...kept.keys()][at] ?? null,
    get length() {
      return kept.size
    }
  }
}

/** A client of a user: Node sends no cookies by itself. */
export const client = ({ url }: Pick<Served, "url">, options: Partial<ClientOptions> = {}, user = "ann"): RelayClient => {
  const made = clientOf({ url, headers: () => ({ cookie: `user=${user}` }), storage: tabStorage, ...options })
  later(made.close)
  return made
}
