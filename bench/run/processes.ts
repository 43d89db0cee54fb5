/** The two processes of a measurement: the server, and the one that measures. Both are new each time. */
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { Order, Result, Task, Told } from "../measure/Task.ts"
import type { Name } from "../rows.ts"

const scriptOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

// From source, without a build.
const execArgv = ["--conditions=@reelay/source", "--disable-warning=ExperimentalWarning", "--expose-gc", "--max-old-space-size=12288"]

// What is compiled once is not compiled again: no row is slower because it was first.
const env = { ...process.env, NODE_COMPILE_CACHE: scriptOf("../out/compiled") }

interface Place {
  readonly base: string
  readonly control: number
}

const server = (): { readonly place: Promise<Place>; readonly stop: () => void } => {
  const child = fork(scriptOf("../server/main.ts"), [], { env, execArgv, stdio: ["ignore", "ignore", "inherit", "ipc"] })
  const place = new Promise<Place>((resolve, reject) => {
    child.once("message", (message: Place) => resolve(message))
    child.once("error", reject)
    child.once("exit", (code) => reject(new Error(`The server ended with ${code} before it was up`)))
  })
  return { place, stop: () => child.kill() }
}

/** Measures one thing of one row. */
export const measure = async (row: Name, task: Task, most: number): Promise<Result> => {
  const { place, stop } = server()
  try {
    const order: Order = { row, task, ...(await place) }
    return await new Promise((resolve, reject) => {
      const child = fork(scriptOf("../measure/process.ts"), [JSON.stringify(order)], {
        env,
        execArgv,
        stdio: ["ignore", "ignore", "pipe", "ipc"]
      })
      let said = ""
      child.stderr?.on("data", (chunk) => {
        if (said.length < 2000) said += String(chunk)
      })
      const timer = setTimeout(() => {
        child.kill("SIGKILL")
        reject(new Error(`It was not over after ${most / 1000} s`))
      }, most)
      child.once("message", (told: Told) => {
        if ("result" in told) resolve(told.result)
        else reject(new Error(told.failure))
      })
      child.once("error", reject)
      child.once("exit", (code) => {
        clearTimeout(timer)
        reject(new Error(`It ended with ${code} and no result. ${said}`))
      })
    })
  } finally {
    stop()
  }
}
