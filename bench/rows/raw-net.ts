/** The limit: HTTP/1.1 written and read by hand on 32 sockets, one timer for all jobs, one small object a job, nothing checked. */
import { connect, type Socket } from "node:net"
import type { Client, Place, Row } from "../Row.ts"
import { body, pollPath, type Polled, submitPath, type Submitted, videoOf } from "./parts/xai.ts"

const connections = 32

class Job {
  id: string | undefined
  due = 0
  next: Job | undefined
  isOver = false
  readonly resolve: (video: string) => void
  readonly reject: (error: unknown) => void
  constructor(resolve: (video: string) => void, reject: (error: unknown) => void) {
    this.resolve = resolve
    this.reject = reject
  }
  /** It listens to the signal itself: no closure. */
  handleEvent(): void {
    this.isOver = true
    this.reject(stopped)
  }
}

const stopped = new Error("stopped")

interface Connection {
  readonly socket: Socket
  job: Job | undefined
  rest: string
}

const make = ({ base, interval }: Place): Client => {
  const { host, hostname, port } = new URL(base)
  const head = `Host: ${host}\r\nAuthorization: Bearer key\r\n`
  const post = `POST ${submitPath} HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  const tail = ` HTTP/1.1\r\n${head}Accept: application/json\r\n\r\n`

  const idle: Array<Connection> = []
  const open = new Set<Connection>()
  const line: Array<Job> = []
  let served = 0

  const send = (job: Job): void => {
    const connection = idle.pop() ?? (open.size < connections ? opened() : undefined)
    if (connection === undefined) line.push(job)
    else write(connection, job)
  }

  const write = (connection: Connection, job: Job): void => {
    connection.job = job
    connection.socket.write(job.id === undefined ? post : `GET ${pollPath(job.id)}${tail}`, "latin1")
  }

  const opened = (): Connection => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    const connection: Connection = { socket, job: undefined, rest: "" }
    open.add(connection)
    socket.on("data", (chunk) => read(connection, chunk))
    socket.on("error", () => undefined)
    socket.on("close", () => {
      open.delete(connection)
      const at = idle.indexOf(connection)
      if (at >= 0) idle.splice(at, 1)
      connection.job?.reject(new Error("The connection was closed"))
    })
    return connection
  }

  const read = (connection: Connection, chunk: Buffer): void => {
    connection.rest += chunk.toString("latin1")
    const { job, rest } = connection
    const end = rest.indexOf("\r\n\r\n")
    if (end < 0 || job === undefined) return
    const length = Number.parseInt(rest.slice(rest.indexOf("Content-Length: ") + 16), 10)
    if (rest.length < end + 4 + length) return
    connection.rest = ""
    connection.job = undefined
    const waiting = nextInLine()
    if (waiting === undefined) idle.push(connection)
    else write(connection, waiting)
    answered(job, rest.slice(end + 4))
  }

  const nextInLine = (): Job | undefined => {
    while (served < line.length) {
      const job = line[served++]
      if (job?.isOver === false) return job
    }
    line.length = 0
    served = 0
    return undefined
  }

  const answered = (job: Job, text: string): void => {
    if (job.isOver) return
    if (job.id === undefined) {
      const { request_id: id }: Submitted = JSON.parse(text)
      job.id = id
      send(job)
      return
    }
    const answer: Polled = JSON.parse(text)
    const video = videoOf(answer)
    if (video === undefined) wait(job)
    else {
      job.isOver = true
      job.resolve(video)
    }
  }

  // All jobs wait equally long, so that a list is a queue of what is due.
  let first: Job | undefined
  let last: Job | undefined
  let timer: NodeJS.Timeout | undefined

  const wait = (job: Job): void => {
    job.due = performance.now() + interval
    job.next = undefined
    if (last === undefined) first = job
    else last.next = job
    last = job
    if (timer === undefined) arm(job)
  }

  const arm = (job: Job): void => {
    timer = setTimeout(drain, Math.max(1, job.due - performance.now()))
  }

  const drain = (): void => {
    timer = undefined
    const now = performance.now() + 0.5
    while (first !== undefined && (first.isOver || first.due <= now)) {
      const job: Job = first
      first = job.next
      job.next = undefined
      if (!job.isOver) send(job)
    }
    if (first === undefined) last = undefined
    else arm(first)
  }

  return {
    video: (signal) =>
      new Promise((resolve, reject) => {
        const job = new Job(resolve, reject)
        signal?.addEventListener("abort", job)
        send(job)
      }),
    handle: () => {
      const { promise, reject, resolve } = Promise.withResolvers<string>()
      const job = new Job(resolve, reject)
      send(job)
      return { video: promise, stop: () => job.handleEvent() }
    },
    close: () => {
      for (const { socket } of open) socket.destroy()
      clearTimeout(timer)
    }
  }
}

export const row: Row = { title: "raw node:net, the limit", group: "limit", firstPoll: "at once", packages: [], make }
