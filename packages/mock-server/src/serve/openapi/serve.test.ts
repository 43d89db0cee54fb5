import { describe, expect, it } from "vitest"
import { makeClient, origin } from "../../../test/client.ts"
import { contractedOf } from "../../../test/contract.ts"
import { providerNames } from "../../../test/names.ts"
import * as World from "../../script/World.ts"
import { document, operationsOf } from "./OpenApi.ts"

describe("a provider's contract", () => {
  it.each(providerNames)("of %s is served without a key, with the origin of the request, and is not in the journal", async (provider) => {
    const { mock, send } = makeClient()
    const { headers, json, status } = await send(`/${provider}/openapi.json`)
    expect([status, headers.get("content-type")]).toEqual([200, "application/json; charset=utf-8"])
    expect(json).toEqual(JSON.parse(JSON.stringify(document(contractedOf[provider], `${origin}/${provider}`))))
    expect(json).toMatchObject({ openapi: "3.1.0", servers: [{ url: `${origin}/${provider}` }, {}] })
    expect(mock.journal).toEqual([])
  })

  it.each([
    ["/cometapi+xai", "/grok/v1/videos/{request_id}"],
    ["/xingchao/kyyReactApiServer", "/v1/result/{id}"],
    [`/r/${World.toToken({ provider: "geeknow" })}`, "/v1/videos/{task_id}"]
  ])("is also below %s, and names that", async (base, path) => {
    const { send } = makeClient()
    const { json } = await send(`${base}/openapi.json`)
    expect(json).toMatchObject({ servers: [{ url: `${origin}${base}` }, {}], paths: { [path]: { get: {} } } })
    expect((await send(`${base}/docs`)).text).toContain(`${origin}${base}`)
  })

  it.each(providerNames)(
    "of %s is a page that names every operation, field, status and example, and asks for nothing else",
    async (provider) => {
      const { send } = makeClient()
      const { headers, status, text } = await send(`/${provider}/docs`)
      expect([status, headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"])
      const { components, paths } = document(contractedOf[provider], origin)
      for (const { id, path, replies } of operationsOf(contractedOf[provider])) {
        expect(text).toContain(`<article id="${id}">`)
        expect(text).toContain(path)
        for (const each of Object.keys(replies)) expect(text).toContain(`>${each}</span>`)
      }
      const names = JSON.stringify([components.schemas, paths]).matchAll(
        /"properties":\{"(\w+)"|"(error\.[a-z-]+|\w+\.[a-z-]+)":\{"summary"/g
      )
      for (const [, field, example] of names) expect(text).toMatch(new RegExp(`<code>(?:\\w+\\.)*${field ?? example}</code>`))
      for (const [, id] of text.matchAll(/href="#([^"]+)"/g)) expect(text).toContain(`id="${id}"`)
      expect(text).not.toMatch(/<script|<link|<img|@import|url\(/)
    }
  )

  it("shows what a payload says as text, not as markup", async () => {
    const { page } = await import("./page.ts")
    const made = document(contractedOf.xai, "http://mock.test/<script>")
    expect(page({ ...made, info: { ...made.info, title: "<b>" } })).not.toMatch(/<b>|<script>/)
  })

  it("takes GET and HEAD only", async () => {
    const { send } = makeClient()
    const { headers, status } = await send("/xai/openapi.json", { method: "POST", body: "{}" })
    expect([status, headers.get("allow")]).toEqual([405, "GET, HEAD"])
    expect((await send("/xai/docs", { method: "HEAD" })).text).toBe("")
    expect((await send("/xai/docs/more")).status).toBe(404)
  })
})
