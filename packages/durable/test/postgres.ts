/** A real PostgreSQL for a test: Debian's, in a temporary folder, on a port of its own. It is gone with its process. */
import { spawn, spawnSync } from "node:child_process"
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

const versions = "/usr/lib/postgresql"

const bin = (): string | undefined => {
  const found = existsSync(versions) ? readdirSync(versions).map(Number).filter(Number.isFinite) : []
  const newest = Math.max(...found)
  return newest >= 15 ? join(versions, String(newest), "bin") : undefined
}

const numberOf = (what: "-u" | "-g"): number => Number(spawnSync("id", [what, "postgres"], { encoding: "utf8" }).stdout.trim())

/** Whether a PostgreSQL can be started here. */
export const isInstalled = bin() !== undefined

/** A port that was free a moment ago. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(address !== null && typeof address === "object" ? address.port : 0))
    })
  })

export interface Postgres {
  /** Makes a database, and returns its URL. */
  readonly database: () => string
  /** Kills it as a power cut would, and starts it again. */
  readonly restart: () => Promise<void>
  readonly stop: () => Promise<void>
  /** The process ids of the server and its parts. */
  readonly pid: () => number
}

export const start = async (): Promise<Postgres> => {
  const programs = bin()
  if (programs === undefined) throw new Error("PostgreSQL is not installed")
  const folder = mkdtempSync(join(tmpdir(), "reelay-postgres-"))
  // It refuses to run as root.
  const user = process.getuid?.() === 0 ? { uid: numberOf("-u"), gid: numberOf("-g") } : {}
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid)
  chmodSync(folder, 0o700)
  const data = join(folder, "data")
  const made = spawnSync(join(programs, "initdb"), ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"], {
    ...user,
    encoding: "utf8",
    cwd: "/"
  })
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
  const port = await freePort()
  const settings = ["-c", "max_connections=200", "-c", `unix_socket_directories=${folder}`, "-c", "listen_addresses=127.0.0.1"]
  const run = () => {
    const child = spawn(join(programs, "postgres"), ["-D", data, "-p", String(port), ...settings], { ...user, cwd: "/", stdio: "ignore" })
    return { child, closed: new Promise((resolve) => child.once("close", resolve)) }
  }
  const sql = (text: string) =>
    spawnSync(join(programs, "psql"), ["-h", "127.0.0.1", "-p", String(port), "-U", "postgres", "-qAtc", text, "postgres"], {
      encoding: "utf8"
    })
  const ready = async () => {
    for (let tries = 0; tries < 300; tries++) {
      if (sql("SELECT 1").status === 0) return
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error("PostgreSQL did not start")
  }
  let now = run()
  await ready()
  let count = 0
  return {
    database: () => {
      const name = `reelay_${++count}`
      const { status, stderr } = sql(`CREATE DATABASE ${name}`)
      if (status !== 0) throw new Error(stderr)
      return `postgres://postgres@127.0.0.1:${port}/${name}`
    },
    restart: async () => {
      now.child.kill("SIGQUIT")
      await now.closed
      now = run()
      await ready()
    },
    stop: async () => {
      now.child.kill("SIGQUIT")
      await now.closed
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
    },
    pid: () => now.child.pid ?? 0
  }
}
