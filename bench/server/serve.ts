import { createServer } from "node:net"
import { createInterface } from "node:readline"
import type { Answers, Question } from "./Control.ts"
import { Server } from "./Server.ts"

export interface Served {
  readonly base: string
  /** The port of its control, one line of JSON a question. */
  readonly control: number
  readonly close: () => void
}

/** Opens the server, and beside it what it is asked and told by. */
export const serve = async (): Promise<Served> => {
  const server = new Server()
  const control = createServer((socket) => {
    socket.on("error", () => undefined)
    createInterface(socket).on("line", (line) => socket.write(`${JSON.stringify(answered(server, JSON.parse(line)))}\n`))
  })
  const base = await server.listen()
  const port = await new Promise<number>((resolve, reject) => {
    control.once("error", reject)
    control.listen({ port: 0, host: "127.0.0.1" }, () => {
      const address = control.address()
      if (address === null || typeof address === "string") reject(new Error("The control has no port"))
      else resolve(address.port)
    })
  })
  return {
    base,
    control: port,
    close: () => {
      server.close()
      control.close()
    }
  }
}

const answered = (server: Server, question: Question): Answers[Question["ask"]] => {
  switch (question.ask) {
    case "counts":
      return server.counts()
    case "set":
      server.jobs.finishAfter = question.finishAfter
      server.jobs.isMoving = question.isMoving
      return {}
    case "finish":
      server.jobs.finish(question.from, question.to, question.within, Date.now())
      return {}
    case "since":
      return { requests: server.requestsSince(question.moment) }
    case "hang up":
      server.hangUp()
      return {}
  }
}
