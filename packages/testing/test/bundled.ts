/** One file from a program and its imports: it starts in a third of the time, and a test that starts hundreds of it takes half as long. */
import { createRequire } from "node:module"
import { join, parse } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

/** The test runner includes a bundler. */
const runner = createRequire(createRequire(import.meta.url).resolve("vitest/package.json"))

/** Returns the path of the bundle, in `folder`. */
export const bundled = async (program: URL, folder: string): Promise<string> => {
  const path = fileURLToPath(program)
  const { build } = await import(pathToFileURL(runner.resolve("vite")).href)
  await build({
    configFile: false,
    publicDir: false,
    logLevel: "error",
    ssr: { noExternal: true, resolve: { conditions: ["@reelay/source", "module", "node"] } },
    build: { ssr: path, outDir: folder, minify: false, rolldownOptions: { output: { entryFileNames: "[name].mjs" } } }
  })
  return join(folder, `${parse(path).name}.mjs`)
}
