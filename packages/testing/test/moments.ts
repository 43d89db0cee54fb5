/** Ends this process, or makes it wait, at a chosen call to the file system. Import it before any module that takes functions from `node:fs`. */
import fs from "node:fs"
import { syncBuiltinESMExports } from "node:module"

export interface DiskMoment {
  /** Counted from 1, over all calls that change something. With `call`: over calls with that name. */
  readonly nth: number
  readonly call?: string | undefined
  /** `half`: only half of the data is written. `wait`: this call only waits for the next message. */
  readonly stage: "before" | "half" | "after" | "wait"
}

let moment: DiskMoment | undefined
let seen = 0

/** From here on calls are counted. */
export const arm = (chosen: DiskMoment | undefined): void => {
  moment = chosen
  seen = 0
}

const end = (): void => void process.kill(process.pid, "SIGKILL")

const due = (call: string): DiskMoment["stage"] | undefined => {
  if (moment === undefined || (moment.call !== undefined && moment.call !== call)) return undefined
  seen += 1
  return seen === moment.nth ? moment.stage : undefined
}

/** Does the first half of a write; other calls have no half. */
const halve = (call: string, [to, data]: ReadonlyArray<unknown>): void => {
  if (call === "write" && typeof to === "number" && data instanceof Uint8Array) fs.writeSync(to, data.subarray(0, data.byteLength >> 1))
  if (call === "writeFile" && typeof to === "string" && typeof data === "string") fs.writeFileSync(to, data.slice(0, data.length >> 1))
}

type Call = (...args: ReadonlyArray<unknown>) => unknown
const isCall = (value: unknown): value is Call => typeof value === "function"

const wrap = (module: object, call: string): void => {
  const original: unknown = Reflect.get(module, call)
  if (!isCall(original)) throw new Error(`node:fs has no ${call}`)
  Reflect.set(module, call, (...args: ReadonlyArray<unknown>) => {
    const stage = due(call)
    if (stage === undefined) return original(...args)
    if (stage === "wait") {
      process.once("message", () => void original(...args))
      return process.send?.("waits")
    }
    if (stage === "half") halve(call, args)
    if (stage === "before" || stage === "half") end()
    const last = args.at(-1)
    const done = (...results: ReadonlyArray<unknown>): void => {
      if (stage === "after") end()
      if (isCall(last)) last(...results)
    }
    const result = isCall(last) ? original(...args.slice(0, -1), done) : original(...args)
    return result instanceof Promise ? result.finally(done) : result
  })
}

for (const call of ["open", "write", "fsync", "close", "rename", "rm", "mkdir", "writeFile", "utimes", "ftruncate"]) wrap(fs, call)
for (const call of ["link", "writeFile", "rm", "mkdir"]) wrap(fs.promises, call)
syncBuiltinESMExports()
