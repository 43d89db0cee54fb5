/** A process, named so that another one can tell whether it still lives. */
import { readFileSync, readlinkSync } from "node:fs"
import { hostname } from "node:os"

export interface Holder {
  readonly id: string
  /** Among whom process ids mean something: one machine, one boot, one container. */
  readonly where: string
  readonly pid: number
  /** When the process began, as the kernel counts it; empty where it does not tell. A process id alone is soon another's. */
  readonly started: string
}

export const isHolder = (value: unknown): value is Holder =>
  typeof value === "object" &&
  value !== null &&
  ["id", "where", "started"].every((name) => typeof Reflect.get(value, name) === "string") &&
  typeof Reflect.get(value, "pid") === "number"

let own: Holder | undefined

/** This process. */
export const self = (): Holder =>
  (own ??= { id: globalThis.crypto.randomUUID(), where: where(), pid: process.pid, started: startOf(process.pid) })

/** Whether a process of this machine lives. Another with our own process id is an earlier life of a container's first process. */
export const aliveHere = ({ id, pid, started }: Holder): boolean => {
  if (pid === process.pid) return id === self().id
  try {
    process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && Reflect.get(error, "code") === "EPERM"
  }
  const now = startOf(pid)
  return now !== ended && (started === "" || now === "" || started === now)
}

const where = (): string =>
  [hostname(), told(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")), told(() => readlinkSync("/proc/self/ns/pid"))].join(" ")

/** One that has ended, and that nobody has waited for: a container without an init process keeps those for ever. */
const ended = "ended"

/** Linux tells it as the 22nd field, and the state as the third; the second is the program's name in parentheses, and may hold anything. */
const startOf = (pid: number): string => {
  const stat = told(() => readFileSync(`/proc/${pid}/stat`, "utf8"))
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return fields[0] === "Z" || fields[0] === "X" ? ended : (fields[19] ?? "")
}

const told = (read: () => string): string => {
  try {
    return read().trim()
  } catch {
    return ""
  }
}
