// Links, in Markdown files and in the built site: each leads to a file that is there, and to a heading that is there.
import { existsSync, globSync, readFileSync, statSync } from "node:fs"
import { join, posix } from "node:path"

/** A heading's anchor, as GitHub makes it: the site does the same, so that a link is right in both. */
export const slug = (heading) =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}\s_-]/gu, "")
    .replaceAll(/\s/g, "-")

/** Lines outside of fenced code. */
const prose = (text) => {
  let fence
  return text.split("\n").map((line) => {
    const [, mark] = /^\s*(`{3,}|~{3,})/.exec(line) ?? []
    if (mark !== undefined && fence === undefined) fence = mark
    else if (mark !== undefined && line.trim().startsWith(fence)) fence = undefined
    else if (fence === undefined) return line
    return ""
  })
}

const markdownLink = /(!?\[(?:[^\][]|\[[^\]]*\])*\]\()([^)\s]+)((?:\s+"[^"]*")?\))/g
const htmlLink = /((?:src|srcset|href)=")([^"]+)(")/g

/** Replaces each link's target outside of code. */
export const relinked = (text, replace) => {
  const outside = prose(text)
  const one = (line) => line.replaceAll(markdownLink, (_, before, target, after) => `${before}${replace(target)}${after}`)
  const all = (line) => one(line).replaceAll(htmlLink, (_, before, target, after) => `${before}${replace(target)}${after}`)
  return text
    .split("\n")
    .map((line, index) => (outside[index] === "" ? line : all(line)))
    .join("\n")
}

/** Each link's target outside of code. */
const targetsOf = (text) => {
  const targets = []
  relinked(text, (target) => {
    targets.push(target)
    return target
  })
  return targets
}

/** The anchors of a Markdown text. */
export const anchorsOf = (text) => {
  const seen = new Map()
  const headings = prose(text).flatMap((line) => /^#{1,6} (.+?)\s*#*$/.exec(line)?.[1] ?? [])
  return new Set(
    headings.map((heading) => {
      const plain = slug(heading)
      const times = seen.get(plain) ?? 0
      seen.set(plain, times + 1)
      return times === 0 ? plain : `${plain}-${times}`
    })
  )
}

export const isElsewhere = (target) => /^[a-z][a-z+.-]*:/i.test(target)

/** What is wrong with the links of Markdown files, each by its path below the root: in a sentence. `read` gives a file's text, if there is one. */
export const problemsOf = (files, read, exists) =>
  [...files].flatMap((file) =>
    targetsOf(read(file)).flatMap((target) => {
      if (isElsewhere(target)) return []
      const [path, anchor] = target.split("#")
      const to = path === "" ? file : posix.normalize(posix.join(posix.dirname(file), path))
      if (!exists(to)) return [`${file} links to ${target}, which is not there`]
      if (anchor === undefined || !to.endsWith(".md") || anchorsOf(read(to)).has(anchor)) return []
      return [`${file} links to ${target}, and ${to} has no such heading`]
    })
  )

/** The project's Markdown files. */
const documentsOf = (root) =>
  globSync(["*.md", "{docs,decisions,bench,mutants,examples,.changeset}/**/*.md", "packages/*/*.md", "packages/*/examples/**/*.md"], {
    cwd: root,
    exclude: (name) => name === "node_modules" || name === "dist" || name === ".site" || name === "out"
  }).toSorted()

export const checkDocumentLinks = (root) => {
  const problems = problemsOf(
    documentsOf(root),
    (file) => readFileSync(join(root, file), "utf8"),
    (file) => existsSync(join(root, file))
  )
  return { code: problems.length === 0 ? 0 : 1, output: problems.join("\n") }
}

const entities = { "&amp;": "&", "&quot;": '"', "&#39;": "'", "&lt;": "<", "&gt;": ">" }
const plain = (text) => text.replaceAll(/&(?:amp|quot|#39|lt|gt);/g, (entity) => entities[entity])

/** What is wrong with the links of a built site. */
export const siteProblems = (folder) => {
  const pages = new Map(
    globSync("**/*.html", { cwd: folder }).map((file) => {
      const html = readFileSync(join(folder, file), "utf8")
      return [file, { html, ids: new Set(Array.from(html.matchAll(/\sid="([^"]+)"/g), ([, id]) => plain(id))) }]
    })
  )
  const isFile = (file) => existsSync(join(folder, file)) && statSync(join(folder, file)).isFile()
  return [...pages].flatMap(([page, { html }]) =>
    Array.from(new Set(Array.from(html.matchAll(/\s(?:href|src)="([^"]+)"/g), ([, target]) => plain(target)))).flatMap((target) => {
      if (isElsewhere(target) || target.startsWith("//")) return []
      const [path, anchor] = target.split("#")
      const joined = path === "" ? page : posix.join("/", path.startsWith("/") ? "" : posix.dirname(page), path).slice(1)
      const to = [joined, `${joined}.html`, posix.join(joined, "index.html")].find((file) => file !== "" && isFile(file))
      if (to === undefined) return [`${page} links to ${target}, which is not there`]
      if (anchor === undefined || anchor === "" || pages.get(to)?.ids.has(decodeURIComponent(anchor)) !== false) return []
      return [`${page} links to ${target}, and that page has no such heading`]
    })
  )
}
