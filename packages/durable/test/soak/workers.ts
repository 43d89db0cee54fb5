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

/** The processor time that a process has used, in milliseconds, and its memory in megabytes. Linux only. */
export const usage = ({ child }: Worker): { readonly cpu: number; readonly memory: number } => {
  const stat = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? []
  const pages = Number(readFileSync(`/proc/${child.pid}/statm`, "utf8").split(" ")[1])
  return { cpu: (Number(stat[11]) + Number(stat[12])) * 10, memory: (pages * 4096) / 1e6 }
}
