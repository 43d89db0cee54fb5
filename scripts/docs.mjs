// `npm run docs`: the documentation as a site, served while it is written. `npm run docs -- build` writes it to docs/.vitepress/dist.
import { spawn } from "node:child_process"
import { watch } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { guides } from "./docs/gather.mjs"
import { prepared } from "./docs/site.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
const [mode = "dev", ...args] = process.argv.slice(2)
if (mode !== "dev" && mode !== "build" && mode !== "preview") {
  process.stderr.write(`npm run docs takes nothing, build or preview: not "${mode}".\n`)
  process.exit(2)
}
if (mode !== "preview") {
  const { again } = await prepared(root)
  let soon
  const changed = () => {
    clearTimeout(soon)
    soon = setTimeout(again, 100)
  }
  if (mode === "dev") {
    for (const folder of ["docs", "decisions", ...guides.map((name) => `packages/${name}`)]) {
      watch(join(root, folder), { recursive: !folder.startsWith("packages/") }, (_, file) => {
        if (file?.endsWith(".md") === true && !file.startsWith(".")) changed()
      })
    }
  }
}
const child = spawn(process.execPath, [join(root, "docs/node_modules/vitepress/bin/vitepress.js"), mode, join(root, "docs"), ...args], {
  stdio: "inherit"
})
child.on("exit", (code) => process.exit(code ?? 1))
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal))
