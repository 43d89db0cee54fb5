/** The README's program for a browser, in a real one: served as a bundler serves it, and loaded again in the middle of the job. */
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import { createRequire } from "node:module"
import { fileURLToPath, pathToFileURL } from "node:url"
import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, it } from "vitest"
import { serve } from "../../src/hosts/node.ts"
import { missing } from "./browser.ts"
import { openTab, type Tab } from "./tab.ts"

const example = fileURLToPath(new URL("../../../cli/examples/browser.ts", import.meta.url))

const until = async (tab: Tab, expression: string): Promise<void> => {
  while ((await tab.value(expression)) !== true) {
    expect(tab.said.filter((line) => line.includes("exceptionThrown"))).toEqual([])
    await sleep(50)
  }
}

interface Built {
  readonly output: ReadonlyArray<{ readonly fileName: string; readonly code?: string }>
}

/** The example as a site would have it, its first file first. It asks `mock` in place of the address that it names. */
const bundleOf = async (mock: string): Promise<Built["output"]> => {
  // The test runner includes a bundler.
  const runner = createRequire(createRequire(import.meta.url).resolve("vitest/package.json"))
  const { build } = await import(pathToFileURL(runner.resolve("vite")).href)
  const { output }: Built = await build({
    configFile: false,
    publicDir: false,
    logLevel: "error",
    plugins: [
      { name: "address", transform: (code: string, id: string) => (id === example ? code.replace("http://127.0.0.1:8787", mock) : null) }
    ],
    resolve: { conditions: ["@reelay/source", "browser", "module"] },
    build: { write: false, target: "es2022", rolldownOptions: { input: example } }
  })
  return output
}

const pageOf = async (mock: string) => {
  const files = await bundleOf(mock)
  const server = createServer((request, response) => {
    const file = files.find(({ fileName }) => request.url === `/${fileName}`)
    response.setHeader("content-type", file === undefined ? "text/html" : "text/javascript")
    response.end(file?.code ?? `<!doctype html><body><script type="module" src="/${files[0]?.fileName}"></script>`)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/`,
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

describe.skipIf(missing)("the README's program for a browser", () => {
  it("plays the video, and a reload in the middle of the job submits nothing again", async () => {
    expect(readFileSync(example, "utf8")).toContain("http://127.0.0.1:8787")
    const { close, mock, url } = await serve({ duration: 4000, cors: true })
    const page = await pageOf(url)
    const tab = await openTab()
    try {
      await tab.open(page.url)
      await until(tab, `document.title === "Running"`)
      await tab.open(page.url)
      await until(tab, `document.querySelector("video")?.videoWidth > 0`)
      expect(await tab.value("document.title")).toBe("Succeeded")
      expect(mock.journal.filter(({ route }) => route === "submit")).toHaveLength(1)
    } finally {
      await tab.close()
      page.close()
      await close()
    }
  })
})
