import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { begun, inState, missing, opened, page, started, submit, visitor } from "./browser.ts"

const axe = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8")

interface Violation {
  readonly id: string
  readonly nodes: ReadonlyArray<{ readonly target: unknown; readonly failureSummary: string }>
}

/** What is wrong, in a line each. */
const violations = async (tab: Page): Promise<ReadonlyArray<string>> => {
  const found: ReadonlyArray<Violation> = await tab.evaluate("axe.run().then(({ violations }) => violations)")
  return found.flatMap(({ id, nodes }) => nodes.map(({ failureSummary, target }) => `${id}: ${JSON.stringify(target)} ${failureSummary}`))
}

describe.skipIf(missing)("axe", () => {
  let browser: Browser
  beforeAll(async () => {
    ;[browser] = await Promise.all([started(), page()])
  })
  afterAll(() => browser?.close())

  it("finds no violation in either theme: empty, under way, finished, failed, refused, unknown", async () => {
    const ground = await begun(1000)
    try {
      const tab = await opened(await visitor(browser), ground)
      await tab.addScriptTag({ content: axe })
      const both = async () => {
        const found: Array<string> = []
        for (const theme of ["Light", "Dark"]) {
          await tab.getByText(theme, { exact: true }).click()
          await tab.waitForFunction(`document.documentElement.dataset.theme === "${theme.toLowerCase()}"`)
          found.push(...(await violations(tab)).map((each) => `${theme}, ${each}`))
        }
        return found
      }
      expect(await both()).toStrictEqual([])
      await submit(tab, { prompt: "It succeeds.", provider: "geeknow" })
      await submit(tab, { prompt: "It fails.", life: "mock:moderated" })
      await submit(tab, { prompt: "It goes on.", life: "mock:stuck" })
      await inState(tab, "It succeeds.", "Succeeded")
      await inState(tab, "It fails.", "Failed")
      await inState(tab, "It goes on.", "Running")
      expect(await both()).toStrictEqual([])
      await submit(tab, { prompt: "Refused, mock:no-such-word" })
      await tab.getByText("nothing is billed").waitFor()
      await submit(tab, { prompt: "Its answer is lost.", life: "mock:lost-submit" })
      await tab.getByText("It may be billed").first().waitFor()
      expect(await both()).toStrictEqual([])
    } finally {
      await ground.close()
    }
  })
})
