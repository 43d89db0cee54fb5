/** The console, as a real browser shows it. */
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest"
import { type MockServer, serve, type ServeOptions } from "../../src/hosts/node.ts"
import * as World from "../../src/script/World.ts"
import { missing } from "./browser.ts"
import { openTab, type Tab } from "./tab.ts"

const start = 1_800_000_000_000
const patience = { timeout: 20_000 }

const submit = async (url: string, prompt: string): Promise<string> => {
  const headers = { authorization: "Bearer key-of-mine", "content-type": "application/json" }
  const answer = await globalThis.fetch(`${url}/v1/videos/generations`, { method: "POST", headers, body: JSON.stringify({ prompt }) })
  return String(Object(await answer.json())["request_id"])
}

const poll = async (url: string, id: string): Promise<number> => {
  const answer = await globalThis.fetch(`${url}/v1/videos/${id}`, { headers: { authorization: "Bearer key-of-mine" } })
  await answer.arrayBuffer()
  return answer.status
}

describe.skipIf(missing)("the console in a browser", () => {
  let tab: Tab

  beforeAll(async () => {
    tab = await openTab()
  })
  afterAll(() => tab?.close())

  const shown = async (options: ServeOptions = {}, path = "/__mock/"): Promise<MockServer> => {
    const server = await serve({ now: () => start, clock: "frozen", ...options })
    onTestFinished(server.close)
    await tab.open(server.url + path)
    await expect.poll(() => text("#live"), patience).toBe("live")
    return server
  }

  const text = (selector: string): Promise<unknown> =>
    tab.value(`document.querySelector(${JSON.stringify(selector)})?.innerText?.trim() ?? "(none)"`)
  const count = (selector: string): Promise<unknown> => tab.value(`document.querySelectorAll(${JSON.stringify(selector)}).length`)
  const click = (selector: string): Promise<unknown> => tab.value(`document.querySelector(${JSON.stringify(selector)}).click()`)
  const put = (selector: string, value: string, event: string): Promise<unknown> =>
    tab.value(
      `(() => { const field = document.querySelector(${JSON.stringify(selector)}); field.value = ${JSON.stringify(value)}; field.dispatchEvent(new Event(${JSON.stringify(event)}, { bubbles: true })) })()`
    )

  it("shows a job that was submitted, moves it with the clock, draws its polls, and plays its video", async () => {
    const { mock, url } = await shown({ duration: 10_000 })
    expect(await text("#no-jobs")).toMatch(/^No job yet/)
    const id = await submit(`${url}/xai`, "A candle")
    await expect.poll(() => text("article .state"), patience).toBe("submitted")
    expect(await text("article code")).toBe(id)
    await click("[data-advance='1000']")
    await expect.poll(() => text("article .state"), patience).toBe("queued")
    expect(mock.clock.now).toBe(start + 1000)
    await poll(`${url}/xai`, id)
    await expect.poll(() => count("article .tick"), patience).toBe(1)
    await click("#to-event")
    await expect.poll(() => text("article .state"), patience).toBe("running")
    expect(await count("video")).toBe(0)
    await click("#to-event")
    await expect.poll(() => text("article .state"), patience).toBe("succeeded")
    await expect.poll(() => tab.value("document.querySelector('video')?.readyState"), patience).toBe(4)
    await expect.poll(() => tab.value("document.querySelector('video').currentTime > 0"), patience).toBe(true)
    expect(await tab.value("document.querySelector('video').videoWidth")).toBe(96)
    expect(await text("article .meta")).toContain("not told yet")
    expect(await text("#findings")).toContain("paid and abandoned")
    await poll(`${url}/xai`, id)
    await expect.poll(() => count("article .tick.end"), patience).toBe(1)
    await expect.poll(() => text("#no-findings"), patience).toBe("Nothing wrong so far.")
    expect(mock.journal.map(({ route }) => route)).toEqual(["submit", "poll", "poll"])
  })

  it("moves a job by itself where the clock is the real one", async () => {
    const { url } = await shown({ clock: "given", duration: 1500, now: () => performance.timeOrigin + performance.now() })
    await submit(`${url}/xai`, "A candle")
    await expect.poll(() => text("article .state"), patience).toBe("succeeded")
    await expect.poll(() => count("video"), patience).toBe(1)
  })

  it("sets a script that the next submission plays", async () => {
    const { mock, url } = await shown()
    await expect.poll(() => count("#life option"), patience).toBeGreaterThan(10)
    await put("#life", "three-polls", "change")
    expect(await text("#life-what")).toMatch(/^Ends with the third poll/)
    await put("#ending", "failed", "change")
    await put("#fault", "rate-limited", "input")
    await click("#script button.main")
    await expect.poll(() => text("#said"), patience).toBe("Set for the next submission.")
    await expect.poll(() => text("#waiting"), patience).toBe("the next one: failed, after 3 polls, rate-limited")
    const id = await submit(`${url}/xai`, "A candle")
    expect(mock.jobs[0]?.script).toMatchObject({ ending: "failed", advances: { polls: 3 }, faults: [{ name: "rate-limited" }] })
    expect(await poll(`${url}/xai`, id)).toBe(429)
    await expect.poll(() => text("#rows .badge"), patience).toBe("rate-limited")
    await expect.poll(() => text("#waiting"), patience).toBe("")
    await put("#fault", "no-such-fault", "input")
    await click("#script button.main")
    await expect.poll(() => text("#said"), patience).toContain('"no-such-fault" isn\'t a fault')
  })

  it("shows a prompt with a script in it as it was sent, and never runs it", async () => {
    const prompt = `</p><script>document.title = "run"</script><img src="x" onerror="document.title = 'run'">`
    const { url } = await shown()
    await submit(`${url}/xai`, prompt)
    await globalThis.fetch(`${url}/xai/v1/${encodeURIComponent("<img src=x onerror=alert(1)>")}`)
    await expect.poll(() => text("article .prompt"), patience).toBe(prompt)
    await expect.poll(() => count("#rows details"), patience).toBe(2)
    await tab.value("document.querySelectorAll('details').forEach((each) => { each.open = true })")
    await expect.poll(() => count("details pre"), patience).toBe(2)
    expect(await tab.value("document.body.innerText")).toContain(`onerror=\\"document.title = 'run'\\"`)
    expect(await count("img, body script, article *[onerror]")).toBe(0)
    expect(await tab.value("document.title")).toBe("reelay-mock")
    expect(await tab.value("document.body.innerText")).not.toContain("key-of-mine")
    await expect(tab.value("document.body.innerHTML = '<b></b>'")).rejects.toThrow("TrustedHTML")
  })

  it("filters the journal, opens an entry, and forgets all when asked", async () => {
    const { url } = await shown()
    const id = await submit(`${url}/xai`, "A candle")
    await poll(`${url}/xai`, id)
    await poll(`${url}/xai`, "nobody")
    await expect.poll(() => count("#rows details"), patience).toBe(3)
    expect(await text("#rows details .what")).toContain("nobody")
    await put("#filter", "404 poll", "input")
    expect(await count("#rows details")).toBe(1)
    await put("#filter", "", "input")
    await put("#route", "submit", "change")
    expect(await count("#rows details")).toBe(1)
    await click("#rows summary")
    await expect.poll(() => text("#rows pre"), patience).toContain(`"request_id": "${id}"`)
    await click("#reset")
    await expect.poll(() => text("#no-rows"), patience).toBe("No request yet.")
    expect(await count("article")).toBe(0)
  })

  it("is one page for each world, and fits a phone", async () => {
    const under = `/r/${World.toToken({ provider: "xai", seed: 1, script: { advances: "hand" } })}`
    const { url } = await shown({}, `${under}/__mock/`)
    await tab.command("Emulation.setDeviceMetricsOverride", { width: 360, height: 800, deviceScaleFactor: 2, mobile: true })
    await submit(`${url}/xai`, "Elsewhere")
    await submit(url + under, "Here, by hand")
    await expect.poll(() => text("article .prompt"), patience).toBe("Here, by hand")
    expect(await count("article")).toBe(1)
    await click("article button")
    await expect.poll(() => text("article .state"), patience).toBe("queued")
    expect(await tab.value("document.documentElement.scrollWidth <= 360")).toBe(true)
    await tab.command("Emulation.clearDeviceMetricsOverride")
  })

  it("breaks no rule of its own policy, and throws no error, in all of this", () => {
    const own = tab.said.filter((each) => !each.includes('"source":"network"') && !each.includes("TrustedHTML"))
    expect(own).toEqual([])
  })
})
