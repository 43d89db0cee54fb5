// `npm run mutants`: changes the code in one place at a time, and sees whether a test notices. Outside `npm test`: it takes half an hour.
// What no test notices stands in mutants/survivors.md with the reason; what does not stand there is an error.
import { spawnSync } from "node:child_process"
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { groups } from "../mutants/groups.mjs"
import { compared, listedIn, scoreOf, survivorsOf } from "../mutants/survivors.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const say = (text) => process.stdout.write(`${text}\n`)
const stop = (text) => {
  process.stderr.write(`${text}\n`)
  process.exit(2)
}

const named = process.argv.slice(2)
const unknown = named.filter((name) => groups[name] === undefined)
if (unknown.length > 0) stop(`There is no group ${unknown.join(", ")}. There are: ${Object.keys(groups).join(", ")}.`)
const chosen = named.length > 0 ? named : Object.keys(groups)

// Stryker changes the files where they are, since pnpm's links do not survive its own copy. So it works in a copy, with an install of its own.
const copy = mkdtempSync(join(tmpdir(), "reelay-mutants-"))
process.on("exit", () => rmSync(copy, { recursive: true, force: true }))
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1))
const listing = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], { cwd: root, encoding: "utf8" })
if (listing.status !== 0) stop(`git could not list the files: ${listing.stderr}`)
for (const file of listing.stdout.split("\0").filter(Boolean)) cpSync(join(root, file), join(copy, file))
const installed = spawnSync("pnpm", ["install", "--frozen-lockfile", "--prefer-offline"], { cwd: copy, encoding: "utf8" })
if (installed.status !== 0) stop(`pnpm could not install into the copy: ${installed.stdout}${installed.stderr}`)

const survivors = []
let isLow = false
for (const name of chosen) {
  const run = spawnSync(
    process.execPath,
    [join(copy, "node_modules/@stryker-mutator/core/bin/stryker.js"), "run", "mutants/stryker.config.mjs"],
    {
      cwd: copy,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, MUTANTS: name, NO_COLOR: "1" }
    }
  )
  const report = parse(join(copy, `mutants/report/${name}.json`))
  if (report === undefined) stop(`${name}: Stryker left no report (exit code ${run.status})`)
  const { caught, of } = scoreOf(report)
  say(`${name}: ${caught} of ${of} noticed, ${((100 * caught) / of).toFixed(1)} %`)
  isLow ||= caught / of < 0.9
  survivors.push(...survivorsOf(report))
}

const files = new Set(survivors.map((each) => each.split("`")[1]))
const listed = listedIn(readFileSync(join(root, "mutants/survivors.md"), "utf8"))
const { stale, unlisted } = compared(survivors, listed)
for (const each of unlisted) say(`not in mutants/survivors.md: ${each.slice(2)}`)
// Of a part of the groups only their own files can be told of.
for (const each of stale.filter((line) => named.length === 0 || files.has(line.split("`")[1]))) say(`is noticed now: ${each.slice(2)}`)
process.exitCode = isLow || unlisted.length > 0 ? 1 : 0

function parse(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"))
  } catch {
    return undefined
  }
}
