// The packages as a consumer gets them: packed, judged by publint and attw, installed with npm into an empty project, and used there.
import { readdirSync, readFileSync, writeFileSync, mkdirSync } from "node:fs"
import { join } from "node:path"

export const checkPackages = async ({ bin, names, root, run, step, work }) => {
  const pack = join(work, "packed")
  mkdirSync(pack)
  const packed = await step("packages packed (pnpm pack)", async () => {
    for (const name of names) {
      const result = await run("pnpm", ["pack", "--pack-destination", pack], { cwd: join(root, "packages", name) })
      if (result.code !== 0) return result
    }
    return { code: 0, output: "" }
  })
  if (!packed) return
  const tarballs = readdirSync(pack).map((file) => join(pack, file))
  const manifest = (name) => JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"))
  const tarballOf = (name) => tarballs.find((file) => file.includes(`reelay-${name}-${manifest(name).version}`))

  for (const name of names) {
    await step(`@reelay/${name} as packed: publint`, () => run(bin("publint"), ["run", tarballOf(name), "--strict"]))
    if (Object.keys(manifest(name).exports).some((path) => path !== "./package.json")) {
      await step(`@reelay/${name} as packed: types resolve (attw)`, () => run(bin("attw"), [tarballOf(name), "--profile", "esm-only"]))
    }
  }

  const consumer = join(work, "consumer")
  mkdirSync(consumer)
  const effect = manifest("core").devDependencies.effect
  const rxjs = manifest("core").devDependencies.rxjs
  const msw = manifest("mock-server").devDependencies.msw
  const react = manifest("react").devDependencies.react
  const dependencies = Object.fromEntries(names.map((name) => [`@reelay/${name}`, `file:${tarballOf(name)}`]))
  writeFileSync(
    join(consumer, "package.json"),
    JSON.stringify({ private: true, type: "module", dependencies: { ...dependencies, effect, rxjs, msw, react }, overrides: dependencies })
  )
  const installed = await step("packages installed by npm into an empty project", () =>
    run("npm", ["install", "--no-audit", "--no-fund"], { cwd: consumer })
  )
  if (!installed) return
  writeFileSync(join(consumer, "use.mjs"), use(names.flatMap((name) => pathsOf(name, manifest(name)))))
  await step("every entry point is imported, and a job runs, from the installed packages", () =>
    run(process.execPath, ["use.mjs"], { cwd: consumer })
  )
  await step("reelay --version, from the installed package", () =>
    run(process.execPath, [join(consumer, "node_modules/.bin/reelay"), "--version"], { cwd: consumer })
  )
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
