/**
 * What every transport does, over real sockets. Each case is a value: a transport that is exempt from one says why, and must fail it, so that no
 * exemption outlives its reason.
 */
import { Transport } from "@reelay/core"
import * as Context from "effect/Context"
import { randomBytes } from "node:crypto"
import { createServer, type Server, type Socket } from "node:net"
import * as zlib from "node:zlib"
import { afterEach, describe, expect, it, vi } from "vitest"

const closing: Array<() => unknown> = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

type Outcome = Transport.Incoming | Transport.NoAnswer

const key = "sk-super-secret-key"

export const get = (url: string): Transport.Outgoing => ({
  method: "GET",
  url,
  headers: { accept: "application/json", authorization: `Bearer ${key}` }
})

/** Sends, and keeps what happens. */
export const sending = (transport: Transport.Transport, request: Transport.Outgoing) => {
  const outcomes: Array<Outcome> = []
  let returned = false
  let early = false
  let settle = (_outcome: Outcome): void => undefined
  const outcome = new Promise<Outcome>((resolve) => (settle = resolve))
  const abort = transport.send(
    request,
    (each) => {
      early ||= !returned
      outcomes.push(each)
      settle(each)
    },
    Context.empty()
  )
  returned = true
  return { abort, outcome, outcomes, early: () => early }
}

const outcomeOf = (transport: Transport.Transport, url: string): Promise<Outcome> => sending(transport, get(url)).outcome

export const portOf = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    const open = new Set<Socket>()
    server.on("connection", (socket: Socket) => {
      open.add(socket)
      socket.on("error", () => undefined)
      socket.on("close", () => open.delete(socket))
    })
    closing.push(() => {
      for (const socket of open) socket.destroy()
      return new Promise((closed) => server.close(closed))
    })
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      resolve(typeof address === "object" && address !== null ? address.port : 0)
    })
  })

/** A server below HTTP: what is done for each request that has come whole. */
export const raw = async (act: (socket: Socket, head: string, nth: number) => void) => {
  const requests: Array<string> = []
  let open = 0
  const server = createServer((socket) => {
    let received = ""
    open += 1
    socket.setNoDelay(true)
    socket.on("close", () => (open -= 1))
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1")
      for (;;) {
        const head = received.indexOf("\r\n\r\n")
        const length = Number(/content-length: (\d+)/iu.exec(received)?.[1] ?? 0)
        if (head < 0 || received.length < head + 4 + length) return
        const request = received.slice(0, head + 4 + length)
        received = received.slice(request.length)
        act(socket, request, requests.push(request))
      }
    })
  })
  const port = await portOf(server)
  return { url: `http://127.0.0.1:${port}`, requests, open: () => open }
}

/** A port at which nobody listens any more. */
const closedPort = async (): Promise<number> => {
  const server = createServer()
  const port = await portOf(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}

type Bytes = string | Uint8Array

/** An answer with its length. `more` bytes are promised, and do not come. */
export const answer = (status: number, headers: ReadonlyArray<string>, body: Bytes, more = 0): Buffer => {
  const bytes = Buffer.from(body)
  const lines = [`HTTP/1.1 ${status} Whatever`, ...headers, `Content-Length: ${bytes.byteLength + more}`]
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), bytes])
}

const answering = (...parts: Parameters<typeof answer>) => raw((socket) => void socket.write(answer(...parts)))

/** An answer in pieces of these bytes, each in a packet of its own as far as one can see to it. */
const inPieces = (headers: ReadonlyArray<string>, body: Bytes, size: number) =>
  raw((socket) => {
    const bytes = Buffer.from(body)
    socket.write(`HTTP/1.1 200 OK\r\n${headers.map((line) => `${line}\r\n`).join("")}Transfer-Encoding: chunked\r\n\r\n`)
    const next = (at: number): void => {
      if (at >= bytes.byteLength) return void socket.write("0\r\n\r\n")
      const piece = bytes.subarray(at, at + size)
      socket.write(Buffer.concat([Buffer.from(`${piece.byteLength.toString(16)}\r\n`), piece, Buffer.from("\r\n")]), () =>
        setImmediate(next, at + size)
      )
    }
    next(0)
  })

const text = JSON.stringify({ id: "job-1", status: "done", words: "Füchse 狐 🦊 ".repeat(40) })

export const encoded: Readonly<Record<string, readonly [header: string, body: Uint8Array]>> = {
  gzip: ["gzip", zlib.gzipSync(text)],
  "gzip by its old name, in capitals": ["X-GZIP", zlib.gzipSync(text)],
  deflate: ["deflate", zlib.deflateSync(text)],
  "deflate without zlib's head": ["deflate", zlib.deflateRawSync(text)],
  br: ["br", zlib.brotliCompressSync(text)],
  zstd: ["zstd", zlib.zstdCompressSync(text)],
  "gzip and then br": ["gzip, br", zlib.brotliCompressSync(zlib.gzipSync(text))]
}

const network = { _tag: "NoAnswer", because: "network" }
const incoming = (status: number, body: string) => ({ _tag: "Incoming", status, body })

/** Once all that is under way has been told. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

type Check = (transport: Transport.Transport) => Promise<void>

/** The text comes out of an answer that this serves. */
const reads =
  (serve: () => ReturnType<typeof raw>): Check =>
  async (transport) => {
    const { url } = await serve()
    expect(await outcomeOf(transport, url)).toMatchObject(incoming(200, text))
  }

const codings = Object.entries(encoded).flatMap(([name, [header, body]]): ReadonlyArray<[string, Check]> => {
  const headers = [`Content-Encoding: ${header}`]
  return [
    [`undoes ${name}`, reads(() => answering(200, headers, body))],
    [`undoes ${name}, in pieces`, reads(() => inPieces(headers, body, 7))]
  ]
})

const huge = Buffer.alloc(Transport.bodyLimit * 16, "x")
const bombs = [
  ["gzip", zlib.gzipSync(huge)],
  ["br", zlib.brotliCompressSync(huge, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ["gzip, gzip", zlib.gzipSync(zlib.gzipSync(huge))]
] as const

/** What a long body came to, without the whole of it in a failure's message. */
const shape = (outcome: unknown): unknown => {
  if (typeof outcome !== "object" || outcome === null || !("body" in outcome) || typeof outcome.body !== "string") return outcome
  return { length: outcome.body.length, all: outcome.body[0] }
}
const full = { length: Transport.bodyLimit, all: "x" }

/** A compressed body that goes far beyond the limit, and then stalls. */
const endless = (): ReturnType<typeof raw> => answering(200, ["Content-Encoding: gzip"], bombs[0][1].subarray(0, -1000), 5000)

/** Every case by its name: `The transport <name>`. */
const cases: ReadonlyArray<readonly [name: string, check: Check]> = [
  [
    "answers with any status and body",
    async (transport) => {
      for (const [status, body] of [
        [200, text],
        [202, ""],
        [204, ""],
        [404, '{"error":"gone"}'],
        [500, "<html>"]
      ] as const) {
        const { url } = await raw((socket) =>
          socket.write(status === 204 ? "HTTP/1.1 204 No\r\n\r\n" : answer(status, ["Content-Type: application/json"], body))
        )
        expect(await outcomeOf(transport, url)).toMatchObject(incoming(status, body))
      }
    }
  ],
  [
    "sends the request as it is given",
    async (transport) => {
      const server = await answering(200, [], "{}")
      await sending(transport, get(`${server.url}/jobs/1?a=b%20c`)).outcome
      await sending(transport, {
        method: "POST",
        url: `${server.url}/jobs`,
        headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
        body: '{"prompt":"狐"}'
      }).outcome
      const [first = "", second = ""] = server.requests
      expect(first).toMatch(/^GET \/jobs\/1\?a=b%20c HTTP\/1\.1\r\n/u)
      expect(first).toMatch(/\r\naccept: application\/json\r\n/iu)
      expect(first).toMatch(/\r\nauthorization: Bearer sk-super-secret-key\r\n/iu)
      expect(first).not.toMatch(/traceparent|b3:/iu)
      expect(second).toMatch(/^POST \/jobs HTTP\/1\.1\r\n/u)
      expect(second.match(/content-type: .*/giu)).toEqual(["content-type: application/json"])
      expect(Buffer.from(second, "latin1").toString("utf8")).toContain('\r\n\r\n{"prompt":"狐"}')
    }
  ],
  [
    "gives names of headers in lower case, and several values as one",
    async (transport) => {
      const { url } = await answering(200, ["X-Request-ID: r1", "X-Many: a", "x-many: b", "Set-Cookie: a=1", "Set-Cookie: b=2"], "{}")
      const outcome = await outcomeOf(transport, url)
      expect(outcome).toMatchObject({ headers: { "x-request-id": "r1", "x-many": "a, b", "set-cookie": "a=1, b=2" } })
    }
  ],
  ...codings,
  [
    "needs no bytes to undo",
    async (transport) => {
      const { url } = await answering(202, ["Content-Encoding: gzip"], "")
      expect(await outcomeOf(transport, url)).toMatchObject(incoming(202, ""))
    }
  ],
  ["reads a gzip that lacks its checksum", reads(() => answering(200, ["Content-Encoding: gzip"], zlib.gzipSync(text).subarray(0, -8)))],
  [
    "cuts a body that grows in its coding at the limit",
    async (transport) => {
      const noise = Buffer.from(
        randomBytes(Transport.bodyLimit)
          .toString("base64")
          .slice(0, Transport.bodyLimit + 1000)
      )
      const server = await answering(200, ["Content-Encoding: gzip"], zlib.gzipSync(noise, { level: 0 }))
      const outcome = await outcomeOf(transport, server.url)
      expect(noise.toString().startsWith(outcome._tag === "Incoming" ? outcome.body : "?")).toBe(true)
      expect(outcome._tag === "Incoming" && outcome.body.length).toBeGreaterThan(Transport.bodyLimit - 100_000)
    }
  ],
  [
    "says no more than came of a body that was cut before it was sent",
    async (transport) => {
      const { url } = await answering(200, ["Content-Encoding: gzip"], zlib.gzipSync(text).subarray(0, -12))
      const outcome = await outcomeOf(transport, url)
      if (outcome._tag === "NoAnswer") expect(outcome).toMatchObject(network)
      else expect(text.startsWith(outcome.body)).toBe(true)
    }
  ],
  [
    "has no answer if a coding is broken, and says so",
    async (transport) => {
      const { url } = await answering(
        200,
        ["Content-Encoding: gzip"],
        Buffer.from([0x1f, 0x8b, 8, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
      )
      const outcome = await outcomeOf(transport, url)
      expect(outcome).toMatchObject(network)
      expect(outcome._tag === "NoAnswer" && outcome.detail).toMatch(/gzip|Z_DATA_ERROR|invalid/u)
    }
  ],
  [
    "has no answer in a coding that nobody knows, and names it",
    async (transport) => {
      const { url } = await answering(200, ["Content-Encoding: lzma-2"], Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0xff]))
      expect(await outcomeOf(transport, url)).toMatchObject({ ...network, detail: expect.stringContaining("lzma-2") })
    }
  ],
  [
    "reads a text whose coding is none",
    async (transport) => {
      for (const name of ["utf-8", "none", "identity", ""]) {
        const { url } = await answering(200, [`Content-Encoding: ${name}`], text)
        expect(await outcomeOf(transport, url)).toMatchObject(incoming(200, text))
      }
    }
  ],
  [
    "reads what is no UTF-8, and what ends within a character, as far as it can",
    async (transport) => {
      for (const headers of [[], ["Content-Encoding: identity"]]) {
        const { url } = await answering(200, headers, Buffer.from([0x78, 0xba, 0xfc, 0x79, 0xe7, 0x8b]))
        expect(await outcomeOf(transport, url)).toMatchObject(incoming(200, "x\uFFFD\uFFFDy\uFFFD"))
      }
    }
  ],
  [
    "puts characters together that come in pieces, and leaves a byte order mark out",
    reads(() => inPieces(["Content-Type: application/json"], `\uFEFF${text}`, 5))
  ],
  [
    "cuts a body at the limit, and lets its connection go",
    async (transport) => {
      const server = await answering(200, [], "x".repeat(Transport.bodyLimit + 500_000), 1)
      expect(shape(await outcomeOf(transport, server.url))).toEqual(full)
      await vi.waitUntil(() => server.open() === 0)
    }
  ],
  [
    "cuts what comes out of a coding at the limit",
    async (transport) => {
      for (const [header, body] of bombs) {
        const server = await answering(200, [`Content-Encoding: ${header}`], body)
        expect(shape(await outcomeOf(transport, server.url))).toEqual(full)
      }
    }
  ],
  [
    "cuts what comes out of a coding that does not end, and lets its connection go",
    async (transport) => {
      const server = await endless()
      const { abort, outcome } = sending(transport, get(server.url))
      const first = await Promise.race([outcome, new Promise((resolve) => setTimeout(resolve, 1500, "nothing yet"))])
      abort()
      expect(shape(first)).toEqual(full)
      await vi.waitUntil(() => server.open() === 0)
    }
  ],
  [
    "goes past 103 to the answer",
    reads(() => {
      const hint = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nContent-Encoding: gzip\r\n\r\n"
      return raw((socket) => void socket.write(Buffer.concat([Buffer.from(hint + hint), answer(200, [], text)])))
    })
  ],
  [
    "follows no redirect, and shows where it leads",
    async (transport) => {
      for (const status of [301, 302, 303, 307, 308]) {
        const server = await raw((socket) => void socket.write(answer(status, ["Location: /elsewhere?a=b"], "moved")))
        const outcome = await outcomeOf(transport, server.url)
        expect(outcome).toMatchObject({ ...incoming(status, "moved"), headers: { location: "/elsewhere?a=b" } })
        expect(server.requests).toHaveLength(1)
      }
    }
  ],
  [
    "tells that a request was surely not sent, if the connection is refused or its host is not known",
    async (transport) => {
      expect(await outcomeOf(transport, `http://127.0.0.1:${await closedPort()}`)).toMatchObject({
        because: "unsent",
        detail: expect.stringContaining("ECONNREFUSED")
      })
      expect(await outcomeOf(transport, "http://reelay.invalid")).toMatchObject({ because: "unsent" })
    }
  ],
  [
    "may have sent what breaks off before or in the answer",
    async (transport) => {
      const ways: ReadonlyArray<(socket: Socket) => void> = [
        (socket) => void socket.resetAndDestroy(),
        (socket) => void socket.end(),
        (socket) => void socket.end("HTTP/1.1 200 OK\r\ncontent-ty"),
        (socket) => void socket.write(answer(200, [], text, 10), () => socket.resetAndDestroy()),
        (socket) => void socket.end(answer(200, ["Content-Encoding: gzip"], zlib.gzipSync(text).subarray(0, 60), 10)),
        (socket) => void socket.end("it went well\r\n\r\n")
      ]
      for (const way of ways) {
        const server = await raw(way)
        const { outcome, outcomes } = sending(transport, get(server.url))
        expect(await outcome).toMatchObject(network)
        await settled()
        expect(outcomes).toHaveLength(1)
      }
    }
  ],
  [
    "is left before the answer: nothing is told, and the connection closes",
    async (transport) => {
      const server = await raw(() => undefined)
      const { abort, outcomes } = sending(transport, get(server.url))
      await vi.waitUntil(() => server.requests.length === 1)
      abort()
      abort()
      await vi.waitUntil(() => server.open() === 0)
      await settled()
      expect(outcomes).toEqual([])
    }
  ],
  [
    "is left in the body: nothing is told, and the connection closes",
    async (transport) => {
      for (const [headers, body] of [
        [[], text],
        [["Content-Encoding: gzip"], zlib.gzipSync(text)]
      ] as const) {
        const server = await answering(200, headers, body, 1000)
        const { abort, outcomes } = sending(transport, get(server.url))
        await vi.waitUntil(() => server.requests.length === 1)
        await settled()
        abort()
        await vi.waitUntil(() => server.open() === 0)
        await settled()
        expect(outcomes).toEqual([])
      }
    }
  ],
  [
    "is left at once: nothing is told, and nothing is sent",
    async (transport) => {
      const server = await answering(200, [], text)
      const { abort, outcomes } = sending(transport, get(`${server.url}/left`))
      abort()
      await outcomeOf(transport, `${server.url}/next`)
      await settled()
      expect([outcomes, server.requests.map((request) => request.split(" ")[1])]).toEqual([[], ["/next"]])
    }
  ],
  [
    "is left at once, though it can't send: nothing is told",
    async (transport) => {
      const { abort, outcomes } = sending(transport, get("no address"))
      abort()
      await settled()
      expect(outcomes).toEqual([])
    }
  ],
  [
    "may be left after its answer",
    async (transport) => {
      const server = await answering(200, [], text)
      const { abort, outcome, outcomes } = sending(transport, get(server.url))
      await outcome
      abort()
      expect(await outcomeOf(transport, server.url)).toMatchObject(incoming(200, text))
      expect(outcomes).toHaveLength(1)
    }
  ],
  [
    "never tells before it has returned",
    async (transport) => {
      const { early, outcome } = sending(transport, get("no address"))
      await outcome
      expect(early()).toBe(false)
    }
  ],
  [
    "never throws, whatever it is given",
    async (transport) => {
      for (const request of [
        get("no address"),
        get("http://"),
        get("gopher://127.0.0.1/"),
        { ...get("http://127.0.0.1:1"), headers: { "bad name": "x", authorization: `Bearer ${key}` } },
        { ...get("http://127.0.0.1:1"), headers: { authorization: `Bearer ${key}\n狐` } },
        get(`http://127.0.0.1:${await closedPort()}`)
      ]) {
        const { outcome } = sending(transport, request)
        expect(await outcome).toMatchObject({ _tag: "NoAnswer", because: expect.stringMatching(/^(network|unsent)$/u) })
        expect(JSON.stringify(await outcome)).not.toContain(key)
      }
    }
  ],
  [
    "answers 200 requests that are sent at once",
    async (transport) => {
      const { url } = await raw((socket, head) => void socket.write(answer(200, [], head.split(" ")[1] ?? "")))
      const paths = Array.from({ length: 200 }, (_, nth) => `/jobs/${nth}`)
      const outcomes = await Promise.all(paths.map((path) => outcomeOf(transport, url + path)))
      expect(outcomes.map((outcome) => outcome._tag === "Incoming" && outcome.body)).toEqual(paths)
    }
  ]
]

/** Holds a transport to every case. `exempt` names those that it can't keep, each with the reason. */
export const transportSuite = (name: string, make: () => Transport.Transport, exempt: Readonly<Record<string, string>> = {}): void => {
  const held = cases.filter(([sentence]) => exempt[sentence] === undefined)
  const exempted = cases.filter(([sentence]) => exempt[sentence] !== undefined)

  describe(`The transport ${name}`, () => {
    it.each(held)("%s", async (_, check) => {
      await check(make())
      expect.hasAssertions()
    })

    it.each(exempted.map(([sentence, check]) => [sentence, exempt[sentence], check] as const))(
      "is exempt: %s (%s)",
      async (_sentence, _reason, check) => {
        await expect(check(make())).rejects.toThrow(/./u)
      }
    )

    it("is exempt from nothing that is no case", () => {
      expect(exempted).toHaveLength(Object.keys(exempt).length)
    })
  })
}
