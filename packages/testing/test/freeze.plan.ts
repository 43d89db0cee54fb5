/** Messages to and from a process that will be frozen. */

export interface FreezePlan {
  /** Names the video in its prompt. */
  readonly name: string
  readonly url: string
  readonly journal: string
  /** `intent`: it is durable, and its writer does not know yet. `connection`: it is written, and the connection is being made. */
  readonly moment: "intent" | "connection"
  readonly transport: "undici" | "fetch"
}

/** The result of its one submission. */
export interface Frozen {
  readonly id?: string
  readonly error?: string
}

/** Each has its own journal, and all have the same key. */
export const key = "the one key"

export const promptOf = (name: string): string => `Film ${name}.`

export const isFreezePlan = (message: unknown): message is FreezePlan =>
  typeof message === "object" && message !== null && "moment" in message

export const isFrozen = (message: unknown): message is Frozen =>
  typeof message === "object" && message !== null && ("id" in message || "error" in message)
