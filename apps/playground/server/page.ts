/** The page, bundled when it is asked for: there is no build to run before, and nothing is left on disk. */
import { fileURLToPath } from "node:url"
import { build } from "vite"

export interface File {
  readonly type: string
  readonly body: string | Uint8Array
}

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  svg: "image/svg+xml"
}

/** Its files by their paths. */
export const bundled = async (): Promise<ReadonlyMap<string, File>> => {
  const made = await build({
    root: fileURLToPath(new URL("..", import.meta.url)),
    configFile: false,
    envDir: false,
    logLevel: "error",
    resolve: { conditions: ["@reelay/source", "module", "browser", "production"] },
    build: { write: false, target: "es2023", modulePreload: { polyfill: false }, chunkSizeWarningLimit: 2000 }
  })
  const files = new Map<string, File>()
  for (const { output } of Array.isArray(made) ? made : "output" in made ? [made] : []) {
    for (const each of output) {
      const body = each.type === "chunk" ? each.code : each.source
      files.set(`/${each.fileName}`, { type: types[each.fileName.split(".").at(-1) ?? ""] ?? "application/octet-stream", body })
    }
  }
  return files
}
