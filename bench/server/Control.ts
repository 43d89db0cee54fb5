/** What the server can be asked beside its API. */
import { connect } from "node:net"
import { createInterface } from "node:readline"
import type { Counts } from "./Server.ts"

export type Question =
  | { readonly ask: "counts" }
  /** Jobs are finished after so many polls, 0 for never; and whether each poll tells of another progress. */
  | { readonly ask: "set"; readonly finishAfter: number; readonly isMoving: boolean }
  /** The jobs `from` to `to` are finished one after another `within` so many milliseconds. */
  | { readonly ask: "finish"; readonly from: number; readonly to: number; readonly within: number }
  /** How many requests came since a moment, in milliseconds of the clock. */
  | { readonly ask: "since"; readonly moment: number }
  /** Closes every connection. */
  | { readonly ask: "hang up" }

interface Nothing {
  readonly [name: string]: never
}

export interface Answers {
  readonly counts: Counts
  readonly set: Nothing
  readonly finish: Nothing
  readonly since: { readonly requests: number }
  readonly "hang up": Nothing
}

export class Control {
  readonly #socket: ReturnType<typeof connect>
  readonly #waiting: Array<{ readonly take: (line: string) => void; readonly reject: (error: unknown) => void }> = []

  constructor(port: number) {
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true })
    this.#socket.on("error", (error) => this.#lost(error))
    this.#socket.on("close", () => this.#lost(new Error("The server is gone")))
    createInterface(this.#socket).on("line", (line) => this.#waiting.shift()?.take(line))
  }

  ask<Q extends Question>(question: Q): Promise<Answers[Q["ask"]]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ take: (line) => resolve(JSON.parse(line)), reject })
      this.#socket.write(`${JSON.stringify(question)}\n`)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #lost(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }
}
