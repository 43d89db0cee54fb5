/** What a page carries of an entry point: bundled, minified and compressed, as a site would be. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { bundled, type Chunk } from "./rolldown.ts"

/** Kilobytes (1024 bytes) after minifying and gzip, of a module that only exports, without what it loads later. `@reelay/source` is what is weighed. */
export const sizeOf = async (source: string): Promise<number> => {
  // Within the package, so that the names of the workspace's packages are found.
  const folder = await mkdtemp(join(import.meta.dirname, ".size-"))
  const input = join(folder, "page.mjs")
  try {
    await writeFile(input, source)
    const output = await bundled(input, ["react", "rxjs"], true)
    return gzipSync(atOnce(output).join(""), { level: 9 }).byteLength / 1024
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What is loaded with the page, without what is loaded when it is needed. */
const atOnce = (output: ReadonlyArray<Chunk>): ReadonlyArray<string> => {
  const loaded = new Set<string>()
  const load = (fileName: string): void => {
    if (loaded.has(fileName)) return
    loaded.add(fileName)
    for (const each of output.find((chunk) => chunk.fileName === fileName)?.imports ?? []) load(each)
  }
  for (const { fileName, isEntry } of output) if (isEntry === true) load(fileName)
  return output.flatMap(({ code = "", fileName }) => (loaded.has(fileName) ? [code] : []))
}
