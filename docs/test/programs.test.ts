/** The table of one page with three libraries: each cell is counted, weighed, or what that program does here in a browser. */
import { readFileSync } from "node:fs"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { built, launched, linesOf, loseAnswer, missing, type Program, served, type Site, sizeOf } from "./programs.ts"

const names: ReadonlyArray<Program> = ["reelay", "tanstack", "fal"]
const texts = ["../../README.md", "../compared.md"].map((file) => readFileSync(new URL(file, import.meta.url), "utf8"))

/** The cells of a row in each place where the table stands. `ai` has no such page. */
const cellsOf = (what: string): ReadonlyArray<ReadonlyArray<string>> =>
  texts.map((text) => {
    const line = text.split("\n").find((each) => each.replaceAll(/\[([^\]]+)\]\([^)]+\)/gu, "$1").startsWith(`| ${what} |`)) ?? ""
    const [, reelay = "", ai = "", ...others] = line.replace(/ \|$/u, "").split(" | ")
    expect(ai).toBe("–")
    return [reelay, ...others]
  })

const posts = (count: number): string => (count === 1 ? "1 POST" : `**${count} POSTs**`)

const make = async (page: Page): Promise<void> => {
  await page.getByLabel("Prompt").fill("A candle flickers.")
  await page.getByRole("button", { name: "Make it" }).click()
}

const playing = "document.querySelector('video')?.videoWidth > 0"

const reloaded = async ({ submits, visitor }: Site): Promise<void> => {
  await using visit = await visitor()
  const { page } = visit
  await make(page)
  await page.getByRole("progressbar").waitFor()
  await expect.poll(submits).toBe(1)
  await page.reload()
  await page.getByRole("progressbar").waitFor()
  await page.waitForFunction(playing)
  expect(submits()).toBe(1)
}

const restarted = async ({ restart, submits, visitor }: Site): Promise<string> => {
  await using visit = await visitor()
  const { page } = visit
  await make(page)
  await page.getByRole("progressbar").waitFor()
  await expect.poll(submits).toBe(1)
  await restart()
  await page.reload()
  const isKnown = await page
    .getByRole("progressbar")
    .or(page.locator("video"))
    .waitFor({ timeout: 8000 })
    .then(
      () => true,
      () => false
    )
  if (!isKnown) return "forgets the job"
  await page.waitForFunction(playing)
  expect(submits()).toBe(1)
  return "continues"
}

const lost = async ({ submits, visitor }: Site): Promise<string> => {
  await using visit = await visitor()
  const { page } = visit
  await loseAnswer(page, () => submits() === 1)
  await make(page)
  await page.waitForFunction(`${playing} || document.querySelector('[role=alert]') !== null`)
  if (await page.getByRole("alert").isVisible()) {
    await make(page)
    await page.waitForFunction(playing)
  }
  return posts(submits())
}

const rows = [
  ["Its server is killed in the middle of a job, and starts again", restarted],
  ["The answer to its POST is lost, and the visitor tries again", lost]
] as const

describe("one page with three libraries", () => {
  it("has the lines that the README says", () => {
    const lines = names.map(linesOf)
    const sums = lines.map((files) => String(files.reduce((sum, count) => sum + count, 0)))
    expect(cellsOf("Lines of the same page and its server")).toEqual([sums, sums])
    const table = texts[1]?.match(/^\| (?:Reelay|TanStack AI|fal) \| \d+[^\n]*$/gmu)?.map((row) => row.match(/(?<=\| )\d+/gu)) ?? []
    expect(table).toEqual(lines.map((files) => files.map(String)))
  })

  it("weighs what the README says, minified and compressed, without React", async () => {
    const sizes = await Promise.all(names.map(sizeOf))
    for (const cells of cellsOf("What that page loads, without React")) {
      expect(cells).toHaveLength(names.length)
      for (const [index, size] of sizes.entries()) expect(Math.abs(size - Number.parseFloat(cells[index] ?? ""))).toBeLessThanOrEqual(1)
    }
  })
})

describe.skipIf(missing)("one page with three libraries, in a browser", () => {
  let browser: Browser
  beforeAll(async () => {
    await Promise.all(names.map(built))
    browser = await launched()
  }, 60_000)
  afterAll(() => browser.close())

  it.concurrent.each(names.map((name, column) => [name, column] as const))(
    "%s: the README says what its page does",
    async (name, column) => {
      await using site = await served(browser, name)
      await reloaded(site)
      for (const [what, outcome] of rows) {
        site.count()
        const cell = await outcome(site)
        expect([what, ...cellsOf(what).map((cells) => cells[column])]).toEqual([what, cell, cell])
      }
    }
  )
})
