import { join } from "node:path"
import { serve } from "@reelay/mock-server/node"
import { chromium } from "playwright-core"
import { build } from "vite"
import { describe, expect, it } from "vitest"
import { chromiumPath } from "../../scripts/chromium.mjs"

/** The page as one module. */
const bundled = async (): Promise<string> => {
  const built = await build({
    root: import.meta.dirname,
    logLevel: "error",
    resolve: { conditions: ["@reelay/source", "module", "browser"] },
    build: {
      write: false,
      target: "es2024",
      rolldownOptions: { input: join(import.meta.dirname, "page.ts"), output: { codeSplitting: false } }
    }
  })
  const chunks = [built].flat().flatMap((each) => ("output" in each ? each.output : []))
  return chunks.flatMap((chunk) => (chunk.type === "chunk" ? [chunk.code] : [])).join("")
}

const names = ["atom", "lit", "observable", "preact", "solid"]

/** The page, from the mock's own address. */
const opened = async (duration: number) => {
  const { close, mock, url } = await serve({ duration })
  const browser = await chromium.launch({ executablePath: chromiumPath ?? "chromium", args: ["--no-sandbox"] })
  const page = await browser.newPage()
  const problems: Array<string> = []
  page.on("pageerror", ({ message }) => problems.push(message))
  const body = '<!doctype html><script type="module" src="/page.js"></script>'
  await page.route(`${url}/`, (route) => route.fulfill({ contentType: "text/html", body }))
  const code = await bundled()
  await page.route(`${url}/page.js`, (route) => route.fulfill({ contentType: "text/javascript", body: code }))
  await page.goto(url)
  return {
    page,
    problems,
    shown: () => page.locator("section").evaluateAll((all) => all.map(({ id, textContent }) => [id, textContent])),
    count: (route: "submit" | "poll") => mock.journal.filter((entry) => entry.route === route).length,
    [Symbol.asyncDispose]: async () => {
      await browser.close()
      await close()
    }
  }
}

describe.skipIf(chromiumPath === undefined)("a job in other frameworks, in a browser", () => {
  it("is shown by each from Running to Succeeded, with one POST", async () => {
    await using site = await opened(1000)
    await expect.poll(site.shown).toEqual(names.map((name) => [name, "Running"]))
    await expect.poll(site.shown, { timeout: 20_000 }).toEqual(names.map((name) => [name, "Succeeded"]))
    expect([site.count("submit"), site.problems]).toEqual([1, []])
  })

  it("is left with the last of them: then nobody polls", async () => {
    await using site = await opened(60_000)
    await expect.poll(site.shown).toEqual(names.map((name) => [name, "Queued"]))
    const leave = (some: ReadonlyArray<string>) =>
      site.page.evaluate((ids) => ids.forEach((id) => document.getElementById(id)?.dispatchEvent(new Event("leave"))), some)
    await leave(names.slice(1))
    const before = site.count("poll")
    await expect.poll(() => site.count("poll")).toBeGreaterThan(before + 2)
    await leave(names.slice(0, 1))
    await site.page.waitForTimeout(500)
    const after = site.count("poll")
    await site.page.waitForTimeout(1000)
    expect([site.count("poll"), site.count("submit"), site.problems]).toEqual([after, 1, []])
  })
})
