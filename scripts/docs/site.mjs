// The site: the API reference and the pages are written into docs/.site, VitePress builds that, and every link of what came out is tried.
import { existsSync, globSync, mkdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { gather } from "./gather.mjs"
import { siteProblems } from "./links.mjs"
import { writeReference } from "./reference.mjs"

/** Writes everything that VitePress reads. `again` gathers the pages once more, after a change. */
export const prepared = async (root) => {
  const site = join(root, "docs/.site")
  rmSync(site, { recursive: true, force: true })
  mkdirSync(site, { recursive: true })
  const { code, pages: modules } = await writeReference(root, join(site, "api"))
  const again = () => gather({ modules, root, site })
  again()
  return { code, again }
}

/** Builds the site into a folder, and looks at what came out. */
export const checkSite = async ({ out, root, run }) => {
  const { code } = await prepared(root)
  if (code !== 0) return { code, output: "TypeDoc failed" }
  const vitepress = join(root, "docs/node_modules/vitepress/bin/vitepress.js")
  const built = await run(process.execPath, [vitepress, "build", join(root, "docs"), "--outDir", out], {
    env: { ...process.env, NO_COLOR: "1" }
  })
  if (built.code !== 0) return built
  const problems = [...siteProblems(out), ...searchProblems(out)]
  return { code: problems.length === 0 ? 0 : 1, output: problems.join("\n") }
}

/** The index of the local search is a file of its own, and knows both the guides and the reference. */
const searchProblems = (out) => {
  const [file] = globSync("assets/chunks/@localSearchIndex*.js", { cwd: out })
  if (file === undefined || !existsSync(join(out, file))) return ["The site has no search index"]
  const index = readFileSync(join(out, file), "utf8")
  return ["SubmitUnknown", "api/core/JobState", "traps"]
    .filter((word) => !index.includes(word))
    .map((word) => `The search does not find "${word}"`)
}
