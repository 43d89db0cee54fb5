/** Mock, relay and page, together on this machine. */
import { mkdtempSync, rmSync } from "node:fs"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { MockServer } from "@reelay/mock-server/node"
import type { Config, Polls } from "./config.ts"
import { configOf, mocked, pollsOf } from "./mock.ts"
import type { File } from "./page.ts"
import { aKey, relayed } from "./relay.ts"

export interface Options {
  readonly files: ReadonlyMap<string, File>
  /** 0 takes a free one. */
  readonly port: number
  /** Milliseconds that a job of the mock takes. */
  readonly duration: number
}

export interface Playground {
  readonly url: string
  readonly mock: MockServer
  /** The relay's key. */
  readonly apiKey: string
  /** Ends the relay and its streams, and begins another one over the same journal. */
  readonly restart: () => Promise<void>
  readonly cut: () => void
  readonly close: () => Promise<void>
}

const send = (response: ServerResponse, { body, type }: File): void => {
  response.writeHead(200, { "content-type": type, "cache-control": "no-store", "x-content-type-options": "nosniff" }).end(body)
}

const json = (value: Config | Polls): File => ({ type: "application/json", body: JSON.stringify(value) })

export const playground = async ({ duration, files, port }: Options): Promise<Playground> => {
  const folder = mkdtempSync(join(tmpdir(), "reelay-playground-"))
  const mock = await mocked(duration)
  const apiKey = aKey()
  const begun = () => relayed(mock.url, folder, apiKey)
  let relay = begun()
  const config = configOf(mock)

  const polls = async (after: number): Promise<Polls> => {
    const heard = await pollsOf(mock, after)
    return { polls: heard, names: await relay.names(), last: heard.at(-1)?.n ?? after }
  }

  const server = createServer((incoming, outgoing) => {
    const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://localhost")
    const file = files.get(pathname === "/" ? "/index.html" : pathname)
    if (pathname.startsWith("/api/video")) relay.handle(incoming, outgoing)
    else if (pathname === "/playground/config") send(outgoing, json(config))
    else if (pathname === "/playground/polls") {
      polls(Number(searchParams.get("after") ?? -1)).then(
        (heard) => send(outgoing, json(heard)),
        () => outgoing.writeHead(503).end()
      )
    } else if (file === undefined) outgoing.writeHead(404, { "content-type": "text/plain" }).end("There is nothing here.\n")
    else send(outgoing, file)
  })
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve))
  const address: AddressInfo | string | null = server.address()
  const taken = typeof address === "object" && address !== null ? address.port : port

  return {
    url: `http://127.0.0.1:${taken}`,
    mock,
    apiKey,
    restart: async () => {
      await relay.close()
      server.closeAllConnections()
      relay = begun()
    },
    cut: () => server.closeAllConnections(),
    close: async () => {
      await relay.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await mock.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
