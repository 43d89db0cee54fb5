/** Debian's Chromium, and a playground of its own for each test that wants one. */
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core"
import { bundled, type File } from "../server/page.ts"
import { playground, type Playground } from "../server/playground.ts"
import { chromiumPath } from "../../../scripts/chromium.mjs"

/** There is no browser on this machine. */
export const missing = chromiumPath === undefined

export const started = (): Promise<Browser> =>
  chromium.launch({ executablePath: chromiumPath ?? "chromium", args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"] })

let files: Promise<ReadonlyMap<string, File>> | undefined
export const page = (): Promise<ReadonlyMap<string, File>> => (files ??= bundled())

export const begun = async (duration = 1500): Promise<Playground> => playground({ files: await page(), port: 0, duration })

export interface Looks {
  readonly width?: number
  readonly theme?: "light" | "dark"
}

export const visitor = (browser: Browser, { theme = "light", width = 1440 }: Looks = {}): Promise<BrowserContext> =>
  browser.newContext({ viewport: { width, height: 900 }, colorScheme: theme, reducedMotion: "reduce" })

export const opened = async (context: BrowserContext, { url }: Playground): Promise<Page> => {
  const tab = await context.newPage()
  await tab.goto(url)
  await tab.getByRole("button", { name: "Submit" }).waitFor()
  return tab
}

export interface Wish {
  readonly prompt?: string
  readonly life?: string
  readonly fault?: string
  readonly provider?: string
}

/** Fills in the form as a person would, and sends it. */
export const submit = async (
  tab: Page,
  { fault = "", life = "", prompt = "A candle flickers on a wooden table.", provider }: Wish = {}
): Promise<void> => {
  await tab.getByLabel("Prompt").fill(prompt)
  if (provider !== undefined) await tab.getByRole("combobox", { name: "Provider" }).selectOption(provider)
  await tab.getByRole("combobox", { name: "Script" }).selectOption(life)
  await tab.getByRole("combobox", { name: "Fault" }).selectOption(fault)
  await tab.getByRole("button", { name: "Submit" }).click()
}

/** The newest job with this prompt. */
export const jobOf = (tab: Page, prompt: string) => tab.locator(".job", { hasText: prompt }).first()

export const inState = (tab: Page, prompt: string, state: string): Promise<void> =>
  tab.locator(`.job[data-state="${state}"]`, { hasText: prompt }).first().waitFor()
