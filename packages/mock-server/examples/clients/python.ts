/** The client of ../python, which needs nothing but Python's standard library. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { Client } from "./client.ts"

const folder = fileURLToPath(new URL("../python/", import.meta.url))

export const python: Client = {
  name: "Python",
  provider: "geeknow",
  takes: "file by link",
  make: async (base) => {
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1" }
    const child = spawn("python3", ["video.py", base], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] })
    const bytes: Array<Uint8Array> = []
    let said = ""
    child.stdout.on("data", (chunk: Uint8Array) => bytes.push(chunk))
    child.stderr.on("data", (chunk) => (said += String(chunk)))
    const [code]: Array<unknown> = await once(child, "close")
    if (code !== 0) throw new Error(said)
    return { bytes: Buffer.concat(bytes) }
  }
}
