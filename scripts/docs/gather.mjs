// The site's pages, from where they are in the repository: `docs/`, the mock's README, decisions, and every file that one of them links to.
// Links are written for the repository, where people read them too; here they are turned into the site's own.
import { copyFileSync, existsSync, globSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { dirname, extname, join, posix } from "node:path"
import { isElsewhere, relinked } from "./links.mjs"

const images = new Set([".svg", ".png", ".jpg", ".gif", ".mp4"])
const languages = { ".ts": "ts", ".tsx": "tsx", ".mjs": "js", ".json": "json", ".py": "python", ".sh": "sh", ".yaml": "yaml" }

/** The packages whose README is a page of the site. */
export const guides = ["mock-server", "react", "durable", "relay"]

/** Files whose page is not where the file is. */
const pages = new Map([
  ["README.md", "index.md"],
  ["packages/mock-server/README.md", "mock.md"],
  ["packages/react/README.md", "react.md"],
  ["packages/durable/README.md", "durable.md"],
  ["packages/relay/README.md", "relay.md"],
  ["CONTRIBUTING.md", "contributing.md"],
  ["bench/RESULTS.md", "bench/results.md"]
])

/** Writes the pages into `site`. `modules` are those of the API reference, which is there already. */
export const gather = ({ modules, root, site }) => {
  const reference = new Map(modules.map(({ page, source }) => [source, `api/${page}`]))
  const begun = new Set()
  const waiting = []

  const pageOf = (file) => {
    const known = pages.get(file) ?? reference.get(file)
    if (known !== undefined) return known
    if (statSync(join(root, file)).isDirectory()) return `${file.replace(/\/$/, "")}/index.md`
    if (file.startsWith("docs/") && file.endsWith(".md")) return file.slice("docs/".length)
    if (file.startsWith("decisions/")) return file
    return file.endsWith(".md") ? file.replace(/README\.md$/, "index.md") : `source/${file}.md`
  }

  const want = (file) => {
    if (begun.has(file)) return
    begun.add(file)
    waiting.push(file)
  }

  const put = (page, text) => {
    mkdirSync(dirname(join(site, page)), { recursive: true })
    const path = join(site, page)
    // A file that is the same is left alone: a dev server would load its page again.
    if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text)
  }

  const linked = (file, text) =>
    relinked(text, (target) => {
      if (isElsewhere(target) || target.startsWith("#")) return target
      const [path, anchor] = target.split("#")
      const to = posix.normalize(posix.join(posix.dirname(file), path)).replace(/\/$/, "")
      if (!existsSync(join(root, to))) return target
      if (images.has(extname(to))) {
        mkdirSync(join(site, "public", dirname(to)), { recursive: true })
        copyFileSync(join(root, to), join(site, "public", to))
        return `/${to}`
      }
      want(to)
      return `/${pageOf(to)}${anchor === undefined ? "" : `#${anchor}`}`
    })

  const written = (file) => {
    const page = pageOf(file)
    if (reference.has(file) || file === "README.md") return
    if (statSync(join(root, file)).isDirectory()) return put(page, listing(root, file, want))
    const text = readFileSync(join(root, file), "utf8")
    if (file.endsWith(".md")) return put(page, linked(file, text))
    const fence = "`".repeat(5)
    put(
      page,
      `---\nsearch: false\noutline: false\n---\n\n# ${posix.basename(file)}\n\n\`${file}\`\n\n${fence}${languages[extname(file)] ?? "text"}\n${text.trimEnd()}\n${fence}\n`
    )
  }

  for (const file of globSync("docs/**/*.md", { cwd: root, exclude: (name) => name === "node_modules" || name === ".site" })) want(file)
  for (const name of guides) want(`packages/${name}/README.md`)
  want("decisions")
  while (waiting.length > 0) written(waiting.pop())
  return begun
}

const listing = (root, folder, want) => {
  const files = readdirSync(join(root, folder)).filter((name) => name.endsWith(".md"))
  const rows = files.toSorted().map((name) => {
    want(`${folder}/${name}`)
    const [, title = name] = /^# (.+)$/m.exec(readFileSync(join(root, folder, name), "utf8")) ?? []
    return `- [${title}](/${folder}/${name})`
  })
  return `# ${folder[0].toUpperCase()}${folder.slice(1)}\n\n${rows.join("\n")}\n`
}
