/** A process, described so that another one can tell whether it is still alive. */
import { readFileSync, readlinkSync } from "node:fs"
import { hostname } from "node:os"

export interface Holder {
  readonly id: string
  /** The scope in which process ids are comparable: one machine, one boot, one container. */
  readonly where: string
  readonly pid: number
  /** The process's start time, as the kernel counts it; empty if it does not say. A process id alone is soon reused. */
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

/** Whether a process of this machine is alive. Another holder with our own process id was an earlier run of a container's first process. */
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
  [
    hostname(),
    readOrEmpty(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")),
    readOrEmpty(() => readlinkSync("/proc/self/ns/pid"))
  ].join(" ")

/** A process that has ended and that its parent has not waited for: a container without an init process keeps those forever. */
const ended = "ended"

/** On Linux it is the 22nd field, and the state the third; the second is the program's name in parentheses, and may contain anything. */
const startOf = (pid: number): string => {
  const stat = readOrEmpty(() => readFileSync(`/proc/${pid}/stat`, "utf8"))
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return fields[0] === "Z" || fields[0] === "X" ? ended : (fields[19] ?? "")
}

const readOrEmpty = (read: () => string): string => {
  try {
    return read().trim()
  } catch {
    return ""
  }
}
