// Tarballs of every package. As published, for the checks; and in `dist/`, in a form that one line installs before they are on a registry.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { run as ran } from "./ran.mjs"

/** Packs the packages of these names into a folder, as they would be published. The packages have been built. */
export const packAll = async ({ names, root, run, to }) => {
  mkdirSync(to, { recursive: true })
  for (const name of names) {
    const result = await run("pnpm", ["pack", "--pack-destination", to], { cwd: join(root, "packages", name) })
    if (result.code !== 0) return result
  }
  return { code: 0, output: "" }
}

/**
 * The same tarballs for `npm install dist/*.tgz` and `pnpm add dist/*.tgz`. The packages of this repository become peers of each other: npm and pnpm
 * take a peer from what the same line installs, and would look for a dependency on the registry.
 */
export const packForOneLine = async ({ from, run, to, work }) => {
  rmSync(to, { recursive: true, force: true })
  mkdirSync(to, { recursive: true })
  for (const file of readdirSync(from).filter((name) => name.endsWith(".tgz"))) {
    const folder = mkdtempSync(join(work, "peers-"))
    const unpacked = await run("tar", ["-xzf", join(from, file), "-C", folder])
    if (unpacked.code !== 0) return unpacked
    const path = join(folder, "package/package.json")
    writeFileSync(path, `${JSON.stringify(withPeers(JSON.parse(readFileSync(path, "utf8"))), null, 2)}\n`)
    const packed = await run("tar", ["-czf", join(to, file), "-C", folder, "package"])
    if (packed.code !== 0) return packed
  }
  return { code: 0, output: "" }
}

const isOurs = ([name]) => name.startsWith("@reelay/")

const withPeers = ({ dependencies = {}, peerDependencies = {}, ...manifest }) => {
  const all = Object.entries(dependencies)
  return {
    ...manifest,
    // They name versions of the workspace.
    devDependencies: undefined,
    dependencies: Object.fromEntries(all.filter((each) => !isOurs(each))),
    peerDependencies: { ...peerDependencies, ...Object.fromEntries(all.filter(isOurs)) }
  }
}

const main = async () => {
  const root = fileURLToPath(new URL("..", import.meta.url))
  const names = readdirSync(join(root, "packages"))
  const work = mkdtempSync(join(tmpdir(), "reelay-pack-"))
  const from = join(work, "packed")
  const to = join(root, "dist")
  const projects = names.map((name) => join(root, "packages", name, "tsconfig.src.json"))
  const steps = [
    () => ran(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-b", ...projects]),
    () => packAll({ names, root, run: ran, to: from }),
    () => packForOneLine({ from, run: ran, to, work })
  ]
  try {
    for (const step of steps) {
      const { code, output } = await step()
      if (code !== 0) {
        process.stderr.write(`${output.trimEnd()}\nThe packages were not packed.\n`)
        return 1
      }
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  process.stdout.write(
    `${readdirSync(to)
      .map((file) => `dist/${file}`)
      .join("\n")}\n\nInstall them all, in a project of yours:\n  npm install ${to}/*.tgz\n`
  )
  return 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main()
