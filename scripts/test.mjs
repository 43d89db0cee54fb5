// `npm test`: every check that the project has, one after another. Each step prints one line; what failed prints what it said.
// Ends with `N passed, N failed`, all tests and checks together.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { installed } from "./debian.mjs"
import { checkDocumentLinks } from "./docs/links.mjs"
import { checkSite } from "./docs/site.mjs"
import { checkDocuments } from "./documents.mjs"
import { checkPackages } from "./packed.mjs"
import { run as ran } from "./ran.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const only = process.argv[process.argv.lastIndexOf("--only") + 1]
const names = readdirSync(join(root, "packages"))
const work = mkdtempSync(join(tmpdir(), "reelay-test-"))
const say = (text) => process.stdout.write(`${text}\n`)

const bin = (name) => join(root, "node_modules/.bin", name)

/** At the root, unless another folder is given. */
const run = (command, args, options = {}) => ran(command, args, { cwd: root, ...options })

let passed = 0
let failed = 0

const step = async (name, check) => {
  const started = performance.now()
  const { code, output } = await check()
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  say(`${code === 0 ? "ok    " : "FAILED"}  ${name}  (${seconds} s)`)
  if (code === 0) passed += 1
  else {
    failed += 1
    say(output.trimEnd())
  }
  return code === 0
}

/** effect-tsgo finds effects that are made and never run, which the compiler and the linter can't see. */
const floating = async () => {
  for (const name of names) {
    const result = await run(bin("effect-tsgo"), ["diagnostics", "--project", `packages/${name}/tsconfig.src.json`, "--strict"])
    if (result.code !== 0 || !/\b0 errors, 0 warnings\b/.test(result.output)) return { code: 1, output: `${name}\n${result.output}` }
  }
  return { code: 0, output: "" }
}

const suites = async () => {
  const report = join(work, "vitest.json")
  const { code, output } = await run(
    process.execPath,
    [join(root, "node_modules/vitest/vitest.mjs"), "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`],
    { live: true, env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" } }
  )
  let counts
  try {
    counts = JSON.parse(readFileSync(report, "utf8"))
  } catch {
    failed += 1
    say(`FAILED  the test runner left no report (exit code ${code})\n${output.slice(-2000)}`)
    return
  }
  passed += counts.numPassedTests
  failed += counts.numFailedTests
  // A suite that can't even be loaded has no tests to count.
  const broken = counts.testResults.filter(({ assertionResults, status }) => status === "failed" && assertionResults.length === 0).length
  failed += broken
  if (code !== 0 && counts.numFailedTests + broken === 0) {
    failed += 1
    say(`FAILED  the test runner ended with exit code ${code}`)
  }
  if (counts.numTotalTests === 0) {
    failed += 1
    say("FAILED  no test ran")
  }
  const perFile = counts.testResults.map(({ assertionResults, name }) => [
    name.replace(root, "").replace("packages/", "").split("/")[0],
    assertionResults.length
  ])
  const sums = Map.groupBy(perFile, ([name]) => name)
  for (const [name, files] of sums)
    say(`        ${name}: ${files.reduce((sum, [, count]) => sum + count, 0)} tests in ${files.length} files`)
}

const compiled = await step("types of sources and tests, and the build (tsc -b)", () => run(bin("tsc"), ["-b"]))
if (only !== "packed") {
  await step("code in documents compiles", () => checkDocuments({ bin, root, run }))
  await step("links in documents lead somewhere", () => checkDocumentLinks(root))
  await step("effects that are never run (effect-tsgo)", floating)
  await step("lint (oxlint, type-aware)", () => run(bin("oxlint"), ["--quiet"]))
  await step("format (oxfmt)", () => run(bin("oxfmt"), ["--check", "."]))
  await step("unused files, exports and dependencies (knip)", () => run(bin("knip"), []))
}
if (only !== "static") {
  if (only !== "packed") {
    // Tests look for them by themselves: without them they are skipped.
    for (const program of ["redis-server", "python3", "postgresql"]) {
      const missing = await installed(run, program)
      if (missing !== undefined) say(`        skipped: the tests that need ${program} (${missing})`)
    }
    await step("the documentation builds as a site, and its links lead somewhere", () => checkSite({ out: join(work, "site"), root, run }))
    await suites()
  }
  if (compiled) await checkPackages({ root, names, work, run, bin, step })
  else say("        the packages were not checked, since they did not compile")
}

rmSync(work, { recursive: true, force: true })
writeFileSync(1, `${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 ? 0 : 1
