/** A page's module as a browser gets it: bundled for browsers, and loaded here. */
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { bundled } from "../rolldown.ts"

/** The exports of `page.js`, which is among the files. */
export const loaded = async <Exports>(files: Readonly<Record<string, string>>): Promise<Exports> => {
  // Within the package, so that the names of frameworks are found.
  const folder = await mkdtemp(join(import.meta.dirname, ".page-"))
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    const [chunk] = await bundled(join(folder, "page.js"), [], false)
    const file = join(folder, "bundle.mjs")
    await writeFile(file, chunk?.code ?? "")
    const exports: Exports = await import(pathToFileURL(file).href)
    return exports
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
