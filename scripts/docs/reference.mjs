// The API reference, from the docstrings: a page for each module that a package exports. TypeDoc can't read TypeScript 7, so the package
// `docs` has a TypeScript 6 of its own; types are checked by the compiler that everything else uses, and not again here.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

const order = ["core", "providers", "node", "react", "relay", "durable", "mock-server", "testing"]

/** All packages, these first. The command exports no module, and so has no page here. */
const packagesOf = (root) => [...new Set([...order, ...readdirSync(join(root, "packages"))])]

/** These export every other module again, or are payloads and not an API. */
const left = (name) => name === "core" || name === "providers" || name.endsWith("/fixtures")

/** Every exported module: its name without the scope, and its source below the root. */
const modulesOf = (root) =>
  packagesOf(root).flatMap((name) => {
    const { exports } = JSON.parse(readFileSync(join(root, "packages", name, "package.json"), "utf8"))
    return Object.entries(exports)
      .filter(([path, target]) => target?.["@reelay/source"] !== undefined && !left(`${name}${path.slice(1)}`))
      .map(([path, target]) => ({
        name: `${name}${path.slice(1)}`,
        source: join("packages", name, target["@reelay/source"])
      }))
  })

/** What a file says of itself: its first docstring, without tags and examples. */
const introduction = (text) => {
  const [, comment = ""] = /^\/\*\*([^]*?)\*\//.exec(text) ?? []
  const plain = comment.replaceAll(/^\s*\* ?/gm, "").split(/^@|^\*\*Example/m)[0]
  return plain.trim()
}

/** Writes the pages into `out`, and answers with what TypeDoc had to say. */
export const writeReference = async (root, out) => {
  const require = createRequire(join(root, "docs/package.json"))
  const { Application, Comment } = await import(pathToFileURL(require.resolve("typedoc")).href)
  const modules = modulesOf(root)
  rmSync(out, { recursive: true, force: true })
  const app = await Application.bootstrapWithPlugins({
    entryPoints: modules.map(({ source }) => join(root, source)),
    tsconfig: join(root, "docs/tsconfig.api.json"),
    plugin: [require.resolve("typedoc-plugin-markdown")],
    out,
    router: "module",
    readme: "none",
    entryFileName: "index",
    disableSources: true,
    disableGit: true,
    skipErrorChecking: true,
    excludeExternals: true,
    excludeInternal: true,
    excludePrivate: true,
    excludeTags: ["@since", "@category"],
    categorizeByGroup: false,
    categoryOrder: ["constructors", "running", "models", "combinators", "*"],
    sort: ["source-order"],
    hidePageHeader: true,
    hideBreadcrumbs: true,
    pageTitleTemplates: { module: ({ name }) => `@reelay/${name}` },
    parametersFormat: "table",
    interfacePropertiesFormat: "table",
    typeDeclarationFormat: "table",
    useCodeBlocks: true,
    useHTMLAnchors: true,
    tableColumnSettings: { hideModifiers: true, hideInherited: true, hideOverrides: true, hideSources: true },
    logLevel: "Error"
  })
  const nameOf = new Map(modules.map(({ name, source }) => [join(root, source), name]))
  const sourceOf = new Map(modules.map(({ name, source }) => [name, source]))
  const entries = app.getEntryPoints() ?? []
  for (const entry of entries) entry.displayName = nameOf.get(entry.sourceFile.fileName) ?? entry.displayName
  const project = app.converter.convert(entries)
  for (const each of project.children ?? []) {
    const text = introduction(readFileSync(join(root, sourceOf.get(each.name)), "utf8"))
    each.comment = new Comment([{ kind: "text", text }])
  }
  await app.generateOutputs(project)
  writeFileSync(join(out, "index.md"), contents(root, modules, out))
  return { code: app.logger.hasErrors() ? 1 : 0, pages: modules.map(({ name, source }) => ({ source, page: pageOf(out, name) })) }
}

/** The page of a module below the reference: a folder's own page if the module has namespaces. */
const pageOf = (out, name) => (existsSync(join(out, `${name}.md`)) ? `${name}.md` : `${name}/index.md`)

const contents = (root, modules, out) => {
  const parts = packagesOf(root).flatMap((name) => {
    const rows = modules
      .filter((each) => each.name.split("/")[0] === name)
      .map((each) => {
        const [first = ""] = introduction(readFileSync(join(root, each.source), "utf8"))
          .replaceAll(/\s+/g, " ")
          .split(/(?<=[.:)]) (?=[A-Z])/)
        return `| [\`@reelay/${each.name}\`](./${pageOf(out, each.name)}) | ${first.replaceAll("|", "\\|")} |`
      })
    return rows.length === 0 ? [] : `## @reelay/${name}\n\n| module | what it is |\n|---|---|\n${rows.join("\n")}\n`
  })
  return `# API reference\n\nMade from the docstrings of the sources. \`@reelay/core\` exports every module of core as a namespace: \`Job\` is \`@reelay/core/Job\`.\n\n${parts.join("\n")}`
}
