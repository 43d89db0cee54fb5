import { Fault } from "@reelay/mock-server"
import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Playground } from "../server/playground.ts"
import { begun, inState, jobOf, type Looks, missing, opened, page, started, submit, visitor } from "./browser.ts"

const posts = ({ mock }: Playground): number => mock.mock.journal.filter(({ route }) => route === "submit").length
const pollTimes = ({ mock }: Playground): ReadonlyArray<number> =>
  mock.mock.journal.filter(({ route }) => route === "poll").map(({ at }) => at)

const directly = (tab: Page): Promise<void> => tab.getByText("Direct", { exact: true }).click()

describe.skipIf(missing)("the playground in a browser", { concurrent: true }, () => {
  let browser: Browser
  const open: Array<Playground> = []

  beforeAll(async () => {
    ;[browser] = await Promise.all([started(), page()])
  })
  afterAll(async () => {
    await browser?.close()
    await Promise.all(open.map((ground) => ground.close()))
  })

  const visited = async (duration?: number, looks?: Looks) => {
    const ground = await begun(duration)
    open.push(ground)
    const context = await visitor(browser, looks)
    const tab = await opened(context, ground)
    return { ground, context, tab }
  }

  it("draws a job's states and polls, plays its video and says what it cost", async () => {
    const { ground, tab } = await visited()
    await submit(tab)
    await inState(tab, "A candle", "Succeeded")
    const job = jobOf(tab, "A candle")
    await job.locator(".segment.Running").waitFor()
    await job.locator(".tick").first().waitFor()
    expect(await job.locator(".money").textContent()).toMatch(/^Billed, \$/u)
    const video = job.locator("video")
    await video.evaluate((element) => (element instanceof HTMLVideoElement ? element.play() : undefined))
    await tab.waitForFunction("document.querySelector('video').currentTime > 0")
    const downloading = tab.waitForEvent("download")
    await job.getByRole("button", { name: "Download" }).click()
    expect((await downloading).suggestedFilename()).toBe("reelay.mp4")
    expect(await tab.locator(".unseen[role=status]").textContent()).toBe("A candle flickers on a wooden table. Succeeded.")
    expect(posts(ground)).toBe(1)
  })

  it("through the relay the key is in no request, no answer, no storage and no file of the page", async () => {
    const { context, ground, tab } = await visited()
    const texts: Array<string> = []
    context.on("response", (response) => {
      const request = response.request()
      texts.push(response.url(), JSON.stringify([response.headers(), request.headers()]), request.postData() ?? "")
      if (!response.url().endsWith("/video"))
        response.text().then(
          (text) => texts.push(text),
          () => undefined
        )
    })
    await tab.reload()
    await submit(tab)
    await inState(tab, "A candle", "Succeeded")
    texts.push(String(await tab.evaluate("JSON.stringify([localStorage, sessionStorage])")))
    for (const { body } of (await page()).values()) texts.push(String(body))
    expect(texts.length).toBeGreaterThan(20)
    for (const text of texts) expect(text).not.toContain(ground.apiKey)
    // It is the one that the mock was asked with.
    expect(ground.mock.mock.jobs.map(({ state }) => state)).toStrictEqual(["succeeded"])
  })

  it("a page that is loaded anew goes on with the job, in either way, and pays once", async () => {
    const { ground, tab } = await visited(3000)
    for (const isDirect of [false, true]) {
      const prompt = isDirect ? "Asked directly" : "Asked through the relay"
      if (isDirect) await directly(tab)
      await submit(tab, { prompt })
      await inState(tab, prompt, "Running")
      await tab.reload()
      await inState(tab, prompt, "Succeeded")
      await jobOf(tab, prompt).locator(".segment.Running").waitFor()
    }
    expect(posts(ground)).toBe(2)
  })

  it("says truthfully that a provider can't cancel; a job that is left goes on, and can be watched again", async () => {
    const { ground, tab } = await visited(5000)
    await submit(tab, { provider: "geeknow" })
    await inState(tab, "A candle", "Running")
    const job = jobOf(tab, "A candle")
    await job.getByRole("button", { name: "Cancel" }).click()
    await job.getByText("This provider documents no way to cancel.").waitFor()
    await job.getByRole("button", { name: "Leave" }).click()
    await job.getByText("Left, Running").waitFor()
    await job.getByRole("button", { name: "Watch again" }).click()
    await inState(tab, "A candle", "Succeeded")
    await job.getByRole("button", { name: "Forget" }).click()
    await tab.getByText("No jobs yet.").waitFor()
    expect(posts(ground)).toBe(1)
  })

  it("comes back after the network was cut, and after the relay was stopped and begun anew", async () => {
    const { context, ground, tab } = await visited(4000)
    await submit(tab, { provider: "geeknow" })
    await inState(tab, "A candle", "Running")
    await context.setOffline(true)
    ground.cut()
    await context.setOffline(false)
    await ground.restart()
    await inState(tab, "A candle", "Succeeded")
    expect(posts(ground)).toBe(1)
  })

  it("two tabs show one job, which one poller follows", async () => {
    const { context, ground, tab } = await visited(4000)
    await submit(tab)
    await jobOf(tab, "A candle").waitFor()
    const other = await opened(context, ground)
    await inState(other, "A candle", "Running")
    await Promise.all([inState(tab, "A candle", "Succeeded"), inState(other, "A candle", "Succeeded")])
    const times = pollTimes(ground)
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0))
    expect(gaps.length).toBeGreaterThan(2)
    // Two pollers of this pace would have a gap of at most a quarter of a second somewhere.
    expect(Math.min(...gaps)).toBeGreaterThan(400)
    expect(posts(ground)).toBe(1)
  })

  it("a submission whose answer is lost says that it may be billed, and is not repeated", async () => {
    const { ground, tab } = await visited()
    await submit(tab, { fault: "submit-accepted-5xx" })
    await tab.getByText("It may be billed: look for it before you submit again.").first().waitFor()
    expect(posts(ground)).toBe(1)
  })

  it("a submission that is refused says that nothing is billed", async () => {
    const { ground, tab } = await visited()
    await submit(tab, { prompt: "A candle, mock:no-such-word" })
    await tab.getByText("There is no job, and nothing is billed.").waitFor()
    expect(ground.mock.mock.jobs).toHaveLength(0)
  })

  it("a poll that fails is marked, with the wait that was asked for, and the job goes on", async () => {
    const { tab } = await visited()
    await submit(tab, { life: "mock:rate-limited" })
    await inState(tab, "A candle", "Succeeded")
    const job = jobOf(tab, "A candle")
    await job.getByText("Retry-After 1.0 s").waitFor()
    expect(await job.locator(".tick.failed").count()).toBe(2)
    expect(await job.locator(".wait").count()).toBe(2)
  })

  it("one fault of each endpoint in mid-job never costs a second job, in either way", async () => {
    const { ground, tab } = await visited(1000)
    const faults = ["poll-accepted-reset", "poll-body-drop", "content-accepted-5xx", "file-body-drop", "url-expired"]
    for (const fault of faults) expect(Fault.kindOf(fault)?.endpoint).toBeDefined()
    for (const isDirect of [false, true]) {
      if (isDirect) await directly(tab)
      const prompts = faults.map((fault) => `${fault} ${isDirect ? "directly" : "through the relay"}`)
      for (const [index, fault] of faults.entries())
        await submit(tab, { prompt: prompts[index] ?? "", fault, provider: fault.startsWith("content") ? "geeknow" : "xai" })
      for (const prompt of prompts) await inState(tab, prompt, "Succeeded")
      const downloading = tab.waitForEvent("download")
      await jobOf(tab, prompts.at(-1) ?? "")
        .getByRole("button", { name: "Download" })
        .click()
      await downloading
    }
    expect(posts(ground)).toBe(faults.length * 2)
  })

  it("ten jobs at once end, and leave nothing to scroll sideways on a telephone", async () => {
    const { ground, tab } = await visited(1000, { width: 360 })
    for (let take = 0; take < 10; take++) await submit(tab, { prompt: `Take number ${take}.`, life: take % 3 === 0 ? "mock:fail" : "" })
    for (let take = 0; take < 10; take++) await inState(tab, `Take number ${take}.`, take % 3 === 0 ? "Failed" : "Succeeded")
    for (const width of [360, 768, 1440]) {
      await tab.setViewportSize({ width, height: 900 })
      expect(await tab.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true)
    }
    expect(posts(ground)).toBe(10)
  })

  it("can be used with the keyboard alone", async () => {
    const { tab } = await visited()
    await tab.getByLabel("Prompt").focus()
    for (let stops = 0; stops < 20 && (await tab.evaluate("document.activeElement.textContent")) !== "Submit"; stops++)
      await tab.keyboard.press("Tab")
    await tab.keyboard.press("Enter")
    await inState(tab, "A candle", "Succeeded")
    await tab.getByRole("tab", { name: "React" }).focus()
    await tab.keyboard.press("ArrowRight")
    expect(await tab.evaluate("document.activeElement.textContent")).toBe("RxJS")
    expect(await tab.locator("pre").textContent()).toContain("rxjs")
  })

  it("drops an option that the next model can't do, and says why", async () => {
    const { ground, tab } = await visited()
    await tab.getByRole("combobox", { name: "Model" }).selectOption("grok-imagine-video-1.5")
    await tab.getByRole("combobox", { name: "Resolution" }).selectOption("1080p")
    await tab.getByRole("combobox", { name: "Model" }).selectOption("grok-imagine-video")
    await tab.getByText(/Resolution is "1080p"; grok-imagine-video takes/u).waitFor()
    await submit(tab)
    await inState(tab, "A candle", "Succeeded")
    expect(ground.mock.mock.jobs[0]?.model).toBe("grok-imagine-video")
  })
})
