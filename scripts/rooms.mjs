// The rooms of a package's sources, and what stands against them: an import that goes up the list, a file in no room. Circles within a
// room are the linter's, import/no-cycle.
import { globSync, readFileSync } from "node:fs"
import { join, posix } from "node:path"

/**
 * The rooms of each package in one line, the lowest first. A file imports from its own room, and from those before it; types count. A name with an
 * ending is a file, and several with blanks between them are one room.
 */
export const roomsOf = {
  core: [
    "base",
    "job",
    "request",
    "provider",
    "transport",
    "telemetry",
    "durations",
    "poll",
    "limits",
    "journal",
    "engine",
    "artifact",
    "client",
    "Job.ts promise.ts rxjs.ts",
    "index.ts"
  ],
  durable: [
    "database",
    "job",
    "queue",
    "store",
    "limits",
    "client",
    "artifact",
    "worker",
    "Durable.ts sqlite.ts postgres.ts",
    "open.ts",
    "promise.ts",
    "index.ts"
  ],
  relay: ["wire", "client", "access", "jobs", "routes", "createRelay.ts", "node", "index.ts node.ts client.ts"],
  "mock-server": ["base", "answer", "script", "provider", "providers", "serve", "judge", "explore", "mock", "hosts", "index.ts bin.ts"]
}

/** The sources of a package by their path below `src`, tests aside. */
export const sourcesOf = (root, name) => {
  const cwd = join(root, "packages", name, "src")
  const files = globSync("**/*.ts", { cwd }).filter((file) => !/\.(?:test|test-d)\.ts$/.test(file))
  return new Map(files.map((file) => [file, readFileSync(join(cwd, file), "utf8")]))
}

const withoutComments = (text) => text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "")

/** The files that a file names in an import, an export or an `import(...)`, types included. */
const importsOf = (file, text) => {
  const named = withoutComments(text).matchAll(/(?:\bfrom\s*|\bimport\s*|\bimport\(\s*)"(\.[^"]+)"/g)
  return Array.from(named, ([, path]) => posix.join(posix.dirname(file), path)).filter((path) => path.endsWith(".ts"))
}

const roomOf = (rooms, file) =>
  rooms.findIndex((room) => room.split(" ").some((part) => (part.includes(".") ? part === file : file.startsWith(`${part}/`))))

/** What is wrong with sources, by their path below `src`; each in a sentence. */
export const problemsOf = (sources, rooms) => {
  const homeless = [...sources.keys()].filter((file) => roomOf(rooms, file) < 0).map((file) => `${file} is in no room: ${rooms.join(", ")}`)
  const upward = [...sources].flatMap(([file, text]) =>
    importsOf(file, text)
      .filter((other) => roomOf(rooms, other) > roomOf(rooms, file))
      .map((other) => `${file} imports ${other}, which is in a room above its own`)
  )
  return [...homeless, ...upward]
}
