/** What a page carries of an entry point: bundled, minified and compressed, as a site would be. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { gzipSync } from "node:zlib"

/** The test runner includes a bundler, and that one another. */
const runner = createRequire(createRequire(createRequire(import.meta.url).resolve("vitest/package.json")).resolve("vite/package.json"))

interface Built {
  readonly output: ReadonlyArray<{ readonly code?: string }>
}

interface Rolldown {
  readonly rolldown: (options: unknown) => Promise<{ readonly generate: (options: unknown) => Promise<Built> }>
}

/** Kilobytes (1024 bytes) after minifying and gzip, of a module that only exports. `@reelay/source` is what is weighed. */
export const sizeOf = async (source: string): Promise<number> => {
  // Within the package, so that the names of the workspace's packages are found.
  const folder = await mkdtemp(join(import.meta.dirname, ".size-"))
  const input = join(folder, "page.mjs")
  try {
    await writeFile(input, source)
    const { rolldown }: Rolldown = await import(pathToFileURL(runner.resolve("rolldown")).href)
    const bundle = await rolldown({
      input,
      platform: "browser",
      logLevel: "silent",
      external: ["rxjs"],
      resolve: { conditionNames: ["@reelay/source", "import", "module", "browser"] }
    })
    const { output } = await bundle.generate({ format: "es", minify: true })
    return gzipSync(output.map(({ code = "" }) => code).join(""), { level: 9 }).byteLength / 1024
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
