/** The other end: answers as quickly as a process can, counts what it was asked, and never tires of a job. */
import { createServer, type Server as Net, type Socket } from "node:net"
import { Jobs } from "./Jobs.ts"
import { type Answer, falResult, surfaces } from "./surfaces.ts"
import { requestsIn } from "./requests.ts"

/** What the server has counted since its start. */
export interface Counts {
  readonly jobs: number
  readonly submissions: number
  readonly polls: number
  readonly cancellations: number
  /** What was neither. */
  readonly others: number
  readonly open: number
  /** The most connections that were open at once. */
  readonly mostOpen: number
}

const phrases = { 200: "OK", 201: "Created", 202: "Accepted", 404: "Not Found" } as const

const head =
  "Date: Mon, 30 Nov 2026 08:00:00 GMT\r\nContent-Type: application/json\r\nServer: bench\r\n" +
  "X-Request-Id: 0b5e2f6c-6a1c-4f7e-9a55-3d2f0a1b2c3d\r\nContent-Length: "

const written = ({ body, status }: Answer): string =>
  `HTTP/1.1 ${status} ${phrases[status]}\r\n${head}${Buffer.byteLength(body)}\r\n\r\n${body}`

/** Requests are counted in slices of five milliseconds, for an hour. */
const slice = 5

export class Server {
  readonly jobs = new Jobs()
  #submissions = 0
  #polls = 0
  #cancellations = 0
  #others = 0
  #mostOpen = 0
  #base = ""
  readonly #began = Date.now()
  readonly #slices = new Uint32Array(3_600_000 / slice)
  readonly #sockets = new Set<Socket>()
  readonly #net: Net

  constructor() {
    this.#net = createServer({ noDelay: true }, (socket) => this.#accept(socket))
  }

  /** Opens a port of its own choice; its address. */
  listen(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#net.once("error", reject)
      this.#net.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
        const address = this.#net.address()
        if (address === null || typeof address === "string") throw new Error("The server has no port")
        this.#base = `http://127.0.0.1:${address.port}`
        resolve(this.#base)
      })
    })
  }

  counts(): Counts {
    return {
      jobs: this.jobs.count,
      submissions: this.#submissions,
      polls: this.#polls,
      cancellations: this.#cancellations,
      others: this.#others,
      open: this.#sockets.size,
      mostOpen: this.#mostOpen
    }
  }

  /** Requests that came since a moment, in milliseconds of the clock; to the end of the slice it is in, they are left out. */
  requestsSince(moment: number): number {
    let sum = 0
    for (let at = Math.ceil((moment - this.#began) / slice); at <= (Date.now() - this.#began) / slice; at++) sum += this.#slices[at] ?? 0
    return sum
  }

  /** Closes every connection, as a server does with those that were idle for long. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.end()
  }

  close(): void {
    this.#net.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    this.#mostOpen = Math.max(this.#mostOpen, this.#sockets.size)
    let rest = ""
    socket.on("data", (chunk) => {
      const read = requestsIn(rest + chunk.toString("latin1"))
      rest = read.rest
      let out = ""
      for (const { method, path } of read.requests) out += written(this.#answer(method, path))
      if (out !== "") socket.write(out, "latin1")
    })
    socket.on("error", () => undefined)
    socket.on("close", () => this.#sockets.delete(socket))
  }

  #answer(method: string, path: string): Answer {
    const now = Date.now()
    const at = Math.floor((now - this.#began) / slice)
    this.#slices[at] = (this.#slices[at] ?? 0) + 1
    const name = path.slice(1, path.indexOf("/", 1))
    const surface = surfaces[name]
    if (surface === undefined) return this.#other()
    const from = path.lastIndexOf("/j")
    const id = from < 0 ? "" : (/^j\d+/u.exec(path.slice(from + 1))?.[0] ?? "")
    if (method === "GET") {
      if (id === "") return this.#other()
      return this.#poll(name, id, path, now)
    }
    if (id !== "") {
      this.#cancellations += 1
      return surface.cancelled(id)
    }
    this.#submissions += 1
    return surface.submitted(this.jobs.submitted(), this.#base)
  }

  #poll(name: string, id: string, path: string, now: number): Answer {
    const surface = surfaces[name]
    if (surface === undefined) return this.#other()
    const { finishedAt, progress } = this.jobs.polled(id, now)
    const link = `${this.#base}/film.mp4?t=${finishedAt}`
    if (name === "fal" && path.endsWith(id)) {
      this.#others += 1
      return falResult(link)
    }
    this.#polls += 1
    return finishedAt === undefined ? surface.running(id, progress, this.#base) : surface.finished(id, link)
  }

  #other(): Answer {
    this.#others += 1
    return { status: 404, body: "{}" }
  }
}
