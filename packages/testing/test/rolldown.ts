/** The bundler within the test runner: it includes one, and that one another. */
import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"

const runner = createRequire(createRequire(createRequire(import.meta.url).resolve("vitest/package.json")).resolve("vite/package.json"))

export interface Chunk {
  readonly fileName: string
  readonly isEntry?: boolean
  readonly code?: string
  /** Loaded with it. */
  readonly imports?: ReadonlyArray<string>
}

interface Built {
  readonly output: ReadonlyArray<Chunk>
}

interface Rolldown {
  readonly rolldown: (options: unknown) => Promise<{ readonly generate: (options: unknown) => Promise<Built> }>
}

/** Bundles a module as a page would. */
export const bundled = async (input: string, external: ReadonlyArray<string>, isMinified: boolean): Promise<ReadonlyArray<Chunk>> => {
  const { rolldown }: Rolldown = await import(pathToFileURL(runner.resolve("rolldown")).href)
  const bundle = await rolldown({
    input,
    platform: "browser",
    logLevel: "silent",
    external,
    resolve: { conditionNames: ["@reelay/source", "import", "module", "browser"] }
  })
  const { output } = await bundle.generate({ format: "es", minify: isMinified })
  return output
}
