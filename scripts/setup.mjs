// Set-up: a Node that is new enough, pnpm, and the dependencies of the lock file. Everything it says goes to standard error.
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { delimiter, dirname, join } from "node:path"

const wanted = { node: [22, 19], pnpm: 12 }
const packages = ["--package=node@24", "--package=pnpm@12.21.0"]

/** Where Node is, and the PATH with which its tools run. */
export const setUp = async (root) => {
  const state = join(root, ".reelay")
  const found = existing(state)
  if (found !== undefined && isInstalled(root, state, found)) return found
  return locked(state, () => {
    const tools = existing(state) ?? fetched(root, state)
    if (!isInstalled(root, state, tools)) install(root, state, tools)
    return tools
  })
}

const say = (text) => process.stderr.write(`${text}\n`)

const fail = (text, output) => {
  if (output) say(String(output).trimEnd())
  say(text)
  rmSync(lockFolder, { recursive: true, force: true })
  process.exit(1)
}

const isNewEnough = (version) => {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number)
  return major > wanted.node[0] || (major === wanted.node[0] && minor >= wanted.node[1])
}

/** The tools of an earlier set-up, or the host's own. */
const existing = (state) => {
  const kept = readJson(join(state, "tools.json"))
  if (kept !== undefined && existsSync(kept.node) && existsSync(kept.pnpm)) return withPath(kept)
  if (!isNewEnough(process.versions.node)) return undefined
  const pnpm = onPath("pnpm")
  if (pnpm === undefined) return undefined
  const version = spawnSync(pnpm, ["--version"], { encoding: "utf8", cwd: "/" }).stdout?.trim() ?? ""
  if (Number(version.split(".")[0]) !== wanted.pnpm) return undefined
  return keep(state, { node: process.execPath, pnpm })
}

/** Both through npm, into npm's own cache. */
const fetched = (root, state) => {
  say(`Set-up, once: this needs Node ${wanted.node.join(".")} or newer and pnpm ${wanted.pnpm}; fetching both through npm.`)
  const run = spawnSync("npm", ["exec", "--yes", ...packages, "--", "node", join(root, "scripts/tools.mjs")], {
    encoding: "utf8",
    cwd: root
  })
  const answer = parse(run.stdout?.trim().split("\n").at(-1) ?? "")
  const node = answer?.[0]
  const pnpm = answer === undefined ? undefined : onPath("pnpm", answer[1])
  if (run.status !== 0 || node === undefined || pnpm === undefined) {
    fail(
      "Set-up failed: npm could not fetch node@24 and pnpm@12.21.0. Check that the npm registry is reachable (npm ping), then run this again; or install Node 22.19 or newer and pnpm 12 yourself.",
      run.stderr ?? run.error?.message
    )
  }
  return keep(state, { node, pnpm })
}

const install = (root, state, tools) => {
  say("Set-up, once: installing the dependencies of pnpm-lock.yaml.")
  const run = spawnSync(tools.pnpm, ["install", "--frozen-lockfile", "--reporter=append-only"], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, PATH: tools.path, CI: "true" }
  })
  if (run.status !== 0) {
    fail(
      "Set-up failed: pnpm could not install the dependencies. If the registry was out of reach, run this again; if the lock file does not fit package.json, run pnpm install and look at what changes.",
      `${run.stdout ?? ""}${run.stderr ?? run.error?.message ?? ""}`
    )
  }
  writeFileSync(join(state, "installed"), fingerprint(root, tools))
}

const isInstalled = (root, state, tools) => {
  const stamp = join(state, "installed")
  return (
    existsSync(join(root, "node_modules/.modules.yaml")) && existsSync(stamp) && readFileSync(stamp, "utf8") === fingerprint(root, tools)
  )
}

/** Changes with whatever an install depends on. */
const fingerprint = (root, { node }) => {
  const manifests = ["packages", "apps"].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => `${folder}/${name}/package.json`)
  )
  const hash = createHash("sha256").update(node)
  for (const file of [
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "package.json",
    "bench/package.json",
    "docs/package.json",
    "examples/package.json",
    ...manifests
  ]) {
    if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)))
  }
  return hash.digest("hex")
}

const keep = (state, tools) => {
  mkdirSync(state, { recursive: true })
  writeFileSync(join(state, "tools.json"), JSON.stringify(tools))
  return withPath(tools)
}

const withPath = ({ node, pnpm }) => ({ node, pnpm, path: [...new Set([dirname(node), dirname(pnpm)]), process.env.PATH].join(delimiter) })

const onPath = (name, path = process.env.PATH ?? "") =>
  path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file))

let lockFolder = ""

/** Two commands that start at once share one set-up. A lock whose owner is gone is taken over. */
const locked = async (state, work) => {
  mkdirSync(state, { recursive: true })
  lockFolder = join(state, "lock")
  for (;;) {
    try {
      mkdirSync(lockFolder)
      break
    } catch {
      if (isStale(lockFolder)) rmSync(lockFolder, { recursive: true, force: true })
      else await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
  writeFileSync(join(lockFolder, "pid"), String(process.pid))
  try {
    return work()
  } finally {
    rmSync(lockFolder, { recursive: true, force: true })
  }
}

const isStale = (folder) => {
  const pid = Number(readText(join(folder, "pid")))
  // Its owner is between making the folder and writing its number, or died there.
  if (!Number.isInteger(pid) || pid === 0) return Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? 0) > 5000
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error.code === "ESRCH"
  }
}

const readText = (file) => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return ""
  }
}

const parse = (text) => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const readJson = (file) => parse(readText(file))
