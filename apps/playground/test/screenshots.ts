/**
 * Pictures of the page at three widths in both themes, to look at after a change:
 * `node --conditions=@reelay/source apps/playground/test/screenshots.ts <folder>`.
 */
import { join } from "node:path"
import { begun, inState, opened, started, submit, visitor } from "./browser.ts"

const [folder = "."] = process.argv.slice(2)
const browser = await started()
const ground = await begun(6000)

const pictures = async (name: string): Promise<void> => {
  for (const theme of ["light", "dark"] as const) {
    const context = await visitor(browser, { theme })
    const tab = await opened(context, ground)
    for (const width of [360, 768, 1440]) {
      await tab.setViewportSize({ width, height: 900 })
      await tab.waitForFunction("[...document.querySelectorAll('video')].every(({ readyState }) => readyState >= 2)")
      await tab.screenshot({ path: join(folder, `${name}-${theme}-${width}.png`), fullPage: true })
    }
    await context.close()
  }
}

try {
  await pictures("empty")
  const tab = await opened(await visitor(browser), ground)
  await submit(tab, { prompt: "Rain on a city street at night.", provider: "geeknow" })
  await submit(tab, { prompt: "Something that a content filter refuses.", life: "mock:moderated", provider: "xai" })
  await submit(tab, { prompt: "A red fox walks through fresh snow.", life: "mock:rate-limited", provider: "cometapi" })
  await submit(tab, { prompt: "A train whose whereabouts nobody knows.", life: "mock:lost-submit", provider: "xai" })
  await inState(tab, "Rain", "Succeeded")
  await inState(tab, "content filter", "Failed")
  await inState(tab, "A red fox", "Succeeded")
  await submit(tab, { prompt: "A wave breaks in slow motion.", life: "mock:slow", provider: "xingchao" })
  await inState(tab, "A wave", "Queued")
  await pictures("jobs")
} finally {
  await browser.close()
  await ground.close()
}
