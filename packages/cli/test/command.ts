/** The command as a child process, and a mock for it to talk to. */
import { spawn } from "node:child_process"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
  /** Standard output as JSON, line by line: throws if a line isn't JSON. */
  readonly lines: ReadonlyArray<Readonly<Record<string, unknown>>>
}

const environment = (extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv => {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith("REELAY_") && !name.startsWith("VITEST"))
  return { ...Object.fromEntries(kept), NO_COLOR: "1", REELAY_STATE: mkdtempSync(join(tmpdir(), "reelay-state-")), ...extra }
}

/** Starts the command, in a folder of its own unless one is given. */
export const start = (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {},
  cwd = mkdtempSync(join(tmpdir(), "reelay-cli-"))
) => {
  const child = spawn(process.execPath, ["--conditions=@reelay/source", "--disable-warning=ExperimentalWarning", bin, ...args], {
    cwd,
    env: environment(env)
  })
  let out = ""
  let err = ""
  const waiting = new Set<() => void>()
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    out += chunk
    for (const check of waiting) check()
  })
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    err += chunk
    for (const check of waiting) check()
  })
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) => {
      resolve({
        code,
        out,
        err,
        get lines() {
          return out.split("\n").filter(Boolean).map(parsed)
        }
      })
    })
  })
  /** Resolves once either output contains a text. */
  const says = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (!out.includes(text) && !err.includes(text)) return
        waiting.delete(check)
        resolve()
      }
      waiting.add(check)
      child.on("close", () => reject(new Error(`ended without saying ${text}: ${out}${err}`)))
      check()
    })
  return { child, cwd, ended, says, path: (name: string) => join(cwd, name) }
}

export const run = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}): Promise<Ended> => start(args, env).ended

const parsed = (line: string): Readonly<Record<string, unknown>> => {
  const value: unknown = JSON.parse(line)
  if (typeof value !== "object" || value === null) throw new Error(`not a JSON object: ${line}`)
  return Object.fromEntries(Object.entries(value))
}
