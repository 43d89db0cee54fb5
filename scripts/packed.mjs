// The packages as a consumer gets them: packed, their contents checked, judged by publint and attw, installed with npm and with pnpm into empty
// projects by the line that `npm run pack` prints, and used there.
import { cpSync, mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { packAll, packForOneLine } from "./pack.mjs"

export const checkPackages = async ({ bin, names, root, run, step, work }) => {
  const pack = join(work, "packed")
  const packed = await step("packages packed (pnpm pack)", () => packAll({ names, root, run, to: pack }))
  if (!packed) return
  const tarballs = readdirSync(pack).map((file) => join(pack, file))
  const manifest = (name) => JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"))
  const tarballOf = (name) => tarballs.find((file) => file.includes(`reelay-${name}-${manifest(name).version}`))

  for (const name of names) {
    await step(`@reelay/${name} as packed: its files`, () => checkFiles(tarballOf(name), run))
    await step(`@reelay/${name} as packed: publint`, () => run(bin("publint"), ["run", tarballOf(name), "--strict"]))
    if (Object.keys(manifest(name).exports).some((path) => path !== "./package.json")) {
      await step(`@reelay/${name} as packed: types resolve (attw)`, () => run(bin("attw"), [tarballOf(name), "--profile", "esm-only"]))
    }
  }

  const dist = join(work, "dist")
  if (!(await step("tarballs for one line (npm run pack)", () => packForOneLine({ from: pack, run, to: dist, work })))) return
  const line = readdirSync(dist).map((file) => join(dist, file))
  const peers = ["effect", "rxjs"].map((name) => `${name}@${manifest("core").devDependencies[name]}`)
  peers.push(`msw@${manifest("mock-server").devDependencies.msw}`, `react@${manifest("react").devDependencies.react}`)
  peers.push(`@effect/sql-pg@${manifest("durable").devDependencies["@effect/sql-pg"]}`)
  for (const [command, ...args] of [
    ["npm", "install", "--no-audit", "--no-fund"],
    ["pnpm", "add"]
  ]) {
    const consumer = join(work, `consumer-${command}`)
    mkdirSync(consumer)
    writeFileSync(join(consumer, "package.json"), JSON.stringify({ private: true, type: "module" }))
    const installed = await step(`packages installed by one line of ${command} into an empty project`, async () => {
      const result = await run(command, [...args, ...line, ...peers], { cwd: consumer })
      const copies = result.code === 0 ? copiesOf("core", consumer) : 1
      return copies === 1 ? result : { code: 1, output: `there are ${copies} copies of @reelay/core` }
    })
    if (!installed) continue
    writeFileSync(join(consumer, "use.mjs"), use(names.flatMap((name) => pathsOf(name, manifest(name)))))
    await step(`every entry point is imported, and a job runs, from the packages that ${command} installed`, () =>
      run(process.execPath, ["use.mjs"], { cwd: consumer })
    )
    await step(`reelay --version, from the package that ${command} installed`, () =>
      run(process.execPath, [join(consumer, "node_modules/@reelay/cli/dist/bin.js"), "--version"], { cwd: consumer })
    )
    if (command === "npm") await checkExamples({ consumer, root, run, step })
  }
}

/** The programs of `examples/`, copied into a consumer's project: its page is bundled, its server, script and tests run. */
const checkExamples = async ({ consumer, root, run, step }) => {
  const from = join(root, "examples")
  const { dependencies, devDependencies } = JSON.parse(readFileSync(join(from, "package.json"), "utf8"))
  const others = Object.entries({ ...dependencies, ...devDependencies }).filter(([name]) => !name.startsWith("@reelay/"))
  for (const name of ["contract.test.ts", "examples.test.ts", "page", "script.ts", "server.ts"]) {
    cpSync(join(from, name), join(consumer, name), { recursive: true, filter: (path) => !path.endsWith("dist") })
  }
  await step("examples, from the packages that npm installed: they run", async () => {
    const added = await run("npm", ["install", "--no-audit", "--no-fund", ...others.map((each) => each.join("@"))], { cwd: consumer })
    if (added.code !== 0) return added
    return run(process.execPath, [join(consumer, "node_modules/vitest/vitest.mjs"), "run"], {
      cwd: consumer,
      env: { ...process.env, REELAY_PACKED: "1", NO_COLOR: "1" }
    })
  })
}

/** Two copies of the core would be two of each class and service. */
const copiesOf = (name, folder) => {
  const found = readdirSync(join(folder, "node_modules"), { recursive: true }).filter((path) =>
    path.endsWith(`@reelay/${name}/package.json`)
  )
  return new Set(found.map((path) => realpathSync(join(folder, "node_modules", path)))).size
}

/** What a tarball must have, and what it must not. */
const checkFiles = async (tarball, run) => {
  const listed = await run("tar", ["-tzf", tarball])
  if (listed.code !== 0) return listed
  const files = new Set(
    listed.output
      .trim()
      .split("\n")
      .map((path) => path.replace(/^package\//, ""))
  )
  const printed = await run("tar", ["-xzOf", tarball, "package/package.json"])
  const { bin = {}, dependencies = {}, exports = {}, license, peerDependencies = {} } = JSON.parse(printed.output)
  const targets = Object.values(exports).flatMap((target) =>
    target === null ? [] : typeof target === "string" ? [target] : Object.values(target)
  )
  const wanted = [
    "package.json",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    ...[...targets, ...Object.values(bin)].map((path) => path.replace(/^\.\//, ""))
  ]
  const unwanted = /\.(test|test-d)\.|^(test|examples|demo|bench)\/|tsconfig|\.tsbuildinfo|(^|\/)\.(?!d\.)|\.(tgz|log|env|key|pem)$/
  const problems = [
    ...wanted.filter((path) => !files.has(path)).map((path) => `${path} is missing`),
    ...[...files].filter((path) => unwanted.test(path)).map((path) => `${path} does not belong there`),
    ...[...files].filter((path) => path.endsWith(".js") && !files.has(path.replace(/js$/, "d.ts"))).map((path) => `${path} has no types`),
    ...Object.entries({ ...dependencies, ...peerDependencies })
      .filter(([, range]) => /^(workspace|file|link):|^\*$/.test(range))
      .map(([name, range]) => `${name} is wanted as ${range}`),
    ...(license === "MIT" ? [] : [`the license is ${license}`])
  ]
  return { code: problems.length === 0 ? 0 : 1, output: problems.join("\n") }
}

/** Not modules, and one that a test runner has to load. */
const notImported = new Set(["./package.json", "./vitest"])

const pathsOf = (name, { exports }) =>
  Object.entries(exports)
    .filter(([path, target]) => target !== null && !notImported.has(path))
    .map(([path]) => `@reelay/${name}${path.slice(1)}`)

/** A consumer's program: no condition, no source, no workspace. */
const use = (paths) => `
import assert from "node:assert"
${paths.map((path) => `await import("${path}")`).join("\n")}
const { serve } = await import("@reelay/mock-server/node")
const { createClient } = await import("@reelay/node")
const { xai } = await import("@reelay/providers/xai")
const { url, mock, close } = await serve({ port: 0, duration: 300 })
const job = await createClient({ provider: xai({ apiKey: "k", baseUrl: url + "/xai" }), pace: "50 millis" }).submit({ prompt: "A candle." })
const { bytes, path } = await job.save("candle.mp4")
assert(bytes > 1000 && path === "candle.mp4")
assert.equal(mock.journal.filter(({ route }) => route === "submit").length, 1)
await close()
process.exit(0)
`
