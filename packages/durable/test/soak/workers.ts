/** Worker processes, and what is done to them. */
import { type ChildProcess, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

export interface Worker {
  readonly child: ChildProcess
  readonly gone: Promise<unknown>
}

export interface Instructions {
  readonly database: string
  readonly baseUrl: string
  readonly out: string
  readonly pace?: number
  readonly lease?: number
  readonly concurrency?: number
  /** Milliseconds. Default: 2000, so that an intent of a dead worker lapses soon. */
  readonly submitTimeout?: number
}

const program = fileURLToPath(new URL("worker.ts", import.meta.url))

/** Starts a worker, and waits until it works. */
export const hire = ({
  baseUrl,
  concurrency = 16,
  database,
  lease = 6000,
  out,
  pace = 1000,
  submitTimeout = 2000
}: Instructions): Promise<Worker> =>
  new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        "--conditions=@reelay/source",
        "--disable-warning=ExperimentalWarning",
        program,
        database,
        baseUrl,
        out,
        ...[pace, lease, concurrency, submitTimeout].map(String)
      ],
      { stdio: ["ignore", "pipe", "pipe"] }
    )
    const gone = new Promise((ended) => child.once("close", ended))
    let said = ""
    child.stderr.on("data", (chunk) => (said = `${said}${chunk}`.slice(-4000)))
    child.stdout.on("data", (chunk) => String(chunk).includes("ready") && resolve({ child, gone }))
    void gone.then(() => reject(new Error(`a worker ended before it was ready: ${said}`)))
  })

/** The memory of a process, in megabytes. Linux only. */
export const memoryOf = ({ child }: Worker): number => (Number(readFileSync(`/proc/${child.pid}/statm`, "utf8").split(" ")[1]) * 4096) / 1e6
