import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { bundle, missing, opened, signedIn, site, started } from "./browser.ts"
import { apiKey, mocked, posts, prompt, relayTo, until } from "./relay.ts"

/** Submits in a page, and follows there. The job's name. */
const submit = (page: Page, words: string): Promise<string> =>
  page.evaluate(`client.submit({ prompt: ${JSON.stringify(`${prompt} ${words}`)} }).then((job) => (follow(job), job.id))`)

const attach = (page: Page, id: string): Promise<unknown> =>
  page.evaluate(`client.attach(${JSON.stringify(id)}).then((job) => void follow(job))`)

const ended = (page: Page): Promise<unknown> => page.waitForFunction('seen.at(-1) === "Succeeded"')

describe.skipIf(missing)("the client in a browser", { concurrent: true }, () => {
  let browser: Browser
  let code: string

  beforeAll(async () => {
    ;[browser, code] = await Promise.all([started(), bundle()])
  })
  afterAll(() => browser?.close())

  const begun = async (duration = 600, latency = 0) => {
    const server = await mocked({ duration, latency })
    const relay = relayTo(server)
    const there = await site(relay, code)
    return { server, relay, there, ann: await signedIn(browser, there, "ann") }
  }

  it("has one stream for all tabs, which the next one opens when the first is closed or loaded anew", async () => {
    const { ann, relay, server, there } = await begun()
    const tabs = [await opened(ann, there), await opened(ann, there), await opened(ann, there)]
    const [first, second, third] = tabs
    if (first === undefined || second === undefined || third === undefined) throw new Error("there are three")
    const job = await submit(first, "mock:duration=4s")
    await Promise.all([attach(second, job), attach(third, job)])
    await until(() => relay.stats().streams === 1)
    await second.waitForFunction("seen.length > 1")
    await until(() => relay.stats().streams === 1)
    await first.close()
    await until(() => relay.stats().streams === 1)
    await second.reload()
    await second.waitForFunction("window.client !== undefined")
    await attach(second, job)
    await Promise.all([ended(second), ended(third)])
    await until(() => relay.stats().streams === 0)
    // Running comes again with its progress; nothing else comes twice.
    expect(await third.evaluate("seen.filter((tag, at) => tag !== 'Running' && seen.indexOf(tag) !== at)")).toEqual([])
    expect(posts(server)).toBe(1)
  })

  it("leaves the page usable with many tabs over HTTP/1.1", async () => {
    const { ann, relay, there } = await begun()
    const tabs = await Promise.all(Array.from({ length: 8 }, () => opened(ann, there)))
    await Promise.all(tabs.map((page) => submit(page, "mock:duration=20s")))
    // Each job that joins renews the stream: the old one may end after the new one has begun.
    await until(() => relay.stats().watched === 8 && relay.stats().streams === 1)
    const ninth = await opened(ann, there)
    expect(await ninth.title()).toBe("Videos")
  })

  it("pays once, however often the page is loaded while it submits", async () => {
    const { ann, server, there } = await begun(600, 500)
    const page = await opened(ann, there)
    await page.evaluate(`void client.submit({ prompt: ${JSON.stringify(prompt)} }).catch(() => undefined)`)
    await until(() => there.requests.includes("POST /jobs"))
    await page.reload()
    await page.waitForFunction("window.client !== undefined")
    await page.evaluate(`client.submit({ prompt: ${JSON.stringify(prompt)} }).then(({ id }) => id)`)
    await page.evaluate("client.jobs.subscribe((lines) => (window.lines = lines))")
    await page.waitForFunction('window.lines?.length > 0 && window.lines.every(({ status }) => status === "Succeeded")')
    expect(await page.evaluate("window.lines.length")).toBe(1)
    expect(posts(server)).toBe(1)
  })

  it("goes on after a cut, plays the video, and holds the key in no request, answer or storage", async () => {
    const { ann, there } = await begun()
    const page = await opened(ann, there)
    const texts: Array<string> = []
    page.on("response", (response) => {
      texts.push(response.url(), JSON.stringify(response.headers()), JSON.stringify(response.request().headers()))
      if (!response.url().endsWith("/video"))
        response.text().then(
          (text) => texts.push(text),
          () => undefined
        )
    })
    const job = await submit(page, "mock:duration=2s")
    await page.waitForFunction("seen.length > 1")
    there.cut()
    await ended(page)
    await page.evaluate(
      `client.attach(${JSON.stringify(job)}).then(async (job) => (document.querySelector("video").src = await job.url()))`
    )
    await page.waitForFunction('document.querySelector("video").readyState >= 2')
    expect(await page.evaluate("JSON.stringify([sessionStorage, localStorage])")).not.toContain(apiKey)
    expect(code).not.toContain(apiKey)
    expect(texts.length).toBeGreaterThan(5)
    for (const text of texts) expect(text).not.toContain(apiKey)
  })

  it("isn't needed: the browser's own EventSource follows a job, comes back after a cut, and ends by itself", async () => {
    const { ann, there } = await begun()
    const page = await opened(ann, there)
    const job = await page.evaluate(`client.submit({ prompt: ${JSON.stringify(`${prompt} mock:duration=6s`)} }).then(({ id }) => id)`)
    await page.evaluate(`{
      window.source = new EventSource("/api/video/jobs/${String(job)}/events")
      source.addEventListener("state", ({ data, lastEventId }) => seen.push(lastEventId + " " + JSON.parse(data).state._tag))
    }`)
    await page.waitForFunction("seen.length > 1")
    // In the middle of the job, however slow the machine is.
    expect(await page.evaluate("seen.at(-1)")).not.toMatch(/^1\.3\./u)
    there.cut()
    await page.waitForFunction("source.readyState === EventSource.CLOSED")
    const seen: ReadonlyArray<string> = JSON.parse(String(await page.evaluate("JSON.stringify(seen)")))
    expect(seen.at(-1)).toBe("1.3.0 Succeeded")
    expect(new Set(seen).size).toBe(seen.length)
    expect(there.requests.filter((each) => each === "GET /jobs/<job>/events").length).toBeGreaterThanOrEqual(3)
  })

  it("keeps two users apart", async () => {
    const { ann, there } = await begun()
    const bob = await signedIn(browser, there, "bob")
    const [hers, his] = [await opened(ann, there), await opened(bob, there)]
    const job = await submit(hers, "")
    const refused = await his.evaluate(`client.attach(${JSON.stringify(job)}).then(() => "let in", (error) => error.reason._tag)`)
    expect(refused).toBe("UnknownJob")
    await his.evaluate("client.jobs.subscribe((lines) => (window.lines = lines))")
    await ended(hers)
    expect(await his.evaluate("window.lines.length")).toBe(0)
  })

  it("gives up the lead in the back-forward cache, and takes part again when it comes back", async () => {
    const { ann, relay, there } = await begun()
    const [page, other] = [await opened(ann, there), await opened(ann, there)]
    const job = await submit(page, "mock:duration=8s")
    await attach(other, job)
    await until(() => relay.stats().streams === 1)
    await page.goto(`${there.url}/client.js`)
    const before = Number(await other.evaluate("seen.length"))
    await other.waitForFunction(`seen.length > ${before}`)
    await until(() => relay.stats().streams === 1)
    await page.goBack({ waitUntil: "commit" })
    // The page itself, with what it had seen, and not a new one.
    expect(Number(await page.evaluate("seen.length"))).toBeGreaterThan(0)
    await Promise.all([ended(page), ended(other)])
  })
})
