// Code in documents is code: every `ts` block of a Markdown file or of a docstring is type-checked as a module of its own.
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"

/** Writes the blocks into `packages/testing/.documents`, where every package of the workspace resolves, and checks them there. */
export const checkDocuments = async ({ bin, root, run }) => {
  const folder = join(root, "packages/testing/.documents")
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const places = []
  for (const file of globSync(["*.md", "docs/*.md", "packages/*/*.md", "packages/*/src/**/*.ts"], { cwd: root })) {
    if (file.includes("node_modules") || file.includes(".test.")) continue
    const text = readFileSync(join(root, file), "utf8")
    for (const { code, kind, line } of file.endsWith(".md") ? blocksOf(text) : blocksOf(text, " * ")) {
      const name = `block-${places.length}.${kind}`
      places.push([name, `${file}:${line}`])
      writeFileSync(join(folder, name), `${code}\nexport {}\n`)
    }
  }
  const react = join(root, "packages/react")
  const options = {
    types: ["node"],
    // Above the package that the blocks are checked in.
    paths: {
      "@reelay/durable": [join(root, "packages/durable/src/index.ts")],
      "@reelay/react": [join(react, "src/index.ts")],
      react: [join(react, "node_modules/@types/react/index.d.ts")],
      "react/*": [join(react, "node_modules/@types/react/*.d.ts")]
    },
    jsx: "react-jsx",
    noEmit: true,
    composite: false,
    incremental: false,
    noUnusedLocals: false,
    rootDir: null,
    outDir: null,
    tsBuildInfoFile: null
  }
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ extends: relative(folder, join(root, "tsconfig.base.json")), compilerOptions: options, include: ["*.ts", "*.tsx"] })
  )
  const { code, output } = await run(bin("tsc"), ["-p", join(folder, "tsconfig.json")])
  const told = places.reduce((text, [name, place]) => text.replaceAll(new RegExp(`\\S*\\b${name}`, "g"), place), output)
  return places.length === 0 ? { code: 1, output: "no block was found" } : { code, output: told }
}

/** The `ts` and `tsx` blocks of a text, with the line each begins at; `prefix` stands before every line of a docstring. */
const blocksOf = (text, prefix = "") => {
  const blocks = []
  let open
  text.split("\n").forEach((raw, index) => {
    const line = prefix === "" ? raw : raw.trimStart().replace(/^\* ?/, "")
    if (prefix !== "" && !/^\s*\*/.test(raw)) open = undefined
    else if (open === undefined && line.startsWith("```ts"))
      open = { line: index + 2, lines: [], kind: line.startsWith("```tsx") ? "tsx" : "ts" }
    else if (open !== undefined && line.startsWith("```")) {
      blocks.push({ line: open.line, kind: open.kind, code: open.lines.join("\n") })
      open = undefined
    } else open?.lines.push(line)
  })
  return blocks
}
