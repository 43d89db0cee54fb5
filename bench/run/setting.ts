import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { arch, cpus, loadavg, platform, release, totalmem } from "node:os"
import { load, type Name } from "../rows.ts"
import type { Setting } from "./Sample.ts"

const round = (value: number): number => Math.round(value * 10) / 10

export const settingOf = async (rows: ReadonlyArray<Name>): Promise<Setting> => {
  const loaded = await Promise.all(rows.map(load))
  const packages = [...new Set(loaded.flatMap((row) => row.packages))]
  return {
    date: new Date().toISOString().slice(0, 16).replace("T", " "),
    processor: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memory: round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}, ${arch()}`,
    node: process.versions.node,
    commit: commit(),
    load: round(loadavg()[0] ?? 0),
    versions: { undici: process.versions["undici"] ?? "unknown", ...Object.fromEntries(packages.map((name) => [name, versionOf(name)])) }
  }
}

const versionOf = (name: string): string => {
  const { version }: { readonly version: string } = JSON.parse(
    readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), "utf8")
  )
  return version
}

const git = (...args: ReadonlyArray<string>): string =>
  execFileSync("git", args, { cwd: new URL(".", import.meta.url), encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim()

const commit = (): string => {
  try {
    return `${git("rev-parse", "--short", "HEAD")}${git("status", "--porcelain") === "" ? "" : "*"}`
  } catch {
    // A copy without a history.
    return "unknown"
  }
}
