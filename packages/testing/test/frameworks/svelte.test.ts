// @vitest-environment happy-dom
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { compile } from "svelte/compiler"
import { describe, expect, it } from "vitest"
import { fakeClient, fakeJob } from "../../src/fakes/index.ts"
import { loaded } from "./page.ts"

/** A component, compiled, and the functions that put it into a page. */
interface Page {
  readonly Film: unknown
  readonly mount: (component: unknown, options: { readonly target: Element; readonly props: object }) => object
  readonly unmount: (mounted: object) => Promise<void>
  readonly flushSync: () => void
}

const compiled = async (): Promise<Page> => {
  const source = await readFile(join(import.meta.dirname, "Film.svelte"), "utf8")
  return loaded({
    "Film.js": compile(source, { generate: "client", runes: true, filename: "Film.svelte" }).js.code,
    "page.js": 'export { default as Film } from "./Film.js"\nexport { flushSync, mount, unmount } from "svelte"\n'
  })
}

const shown = () => ["store", "from", "rune", "list"].map((id) => document.querySelector(`#${id}`)?.textContent?.trim())

describe("a job in Svelte 5", () => {
  it("is a store ($job), a store in runes (fromStore), and a rune of one's own (createSubscriber)", async () => {
    const { Film, flushSync, mount, unmount } = await compiled()
    const job = fakeJob()
    const client = fakeClient()
    const listed = await client.submit({})
    const mounted = mount(Film, { target: document.body, props: { job, jobs: client.jobs } })
    flushSync()
    expect(shown()).toEqual(["Submitted", "Submitted", "Submitted", "Submitted"])
    job.running(0.4)
    listed.queued()
    flushSync()
    expect(shown()).toEqual(["Running", "Running", "Running 0.4", "Queued"])
    job.succeeded()
    listed.failed()
    flushSync()
    expect(shown()).toEqual(["Succeeded", "Succeeded", "Succeeded", "Failed"])
    await unmount(mounted)
    expect([job.listeners(), listed.listeners()]).toEqual([0, 0])
  })

  it("that is lost stays as it was, and the error is not thrown into the page", async () => {
    const { Film, flushSync, mount, unmount } = await compiled()
    const job = fakeJob()
    const mounted = mount(Film, { target: document.body, props: { job, jobs: fakeClient().jobs } })
    job.running(0.1)
    job.lost()
    flushSync()
    expect(document.querySelector("#store")?.textContent).toBe("Running")
    expect(job.unhandled).toHaveLength(3)
    await unmount(mounted)
  })
})
