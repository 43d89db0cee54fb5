import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as JobRef from "./JobRef.ts"

const odd = fc
  .oneof(fc.string({ unit: "binary", minLength: 1 }), fc.constantFrom("a/b", "?", "#", "%", "%41", "a b", "ключ", "..", "&v=2", "+"))
  // A URI can't carry a lone surrogate.
  .filter((text) => !/\p{Surrogate}/u.test(text))
const bases = fc.oneof(
  fc.webUrl().filter(JobRef.isBaseUrl),
  fc.constantFrom("http://localhost:8787/xai", "https://zcbservice.aizfw.cn/kyyReactApiServer", "http://[::1]:80", "https://api.x.ai")
)
const refs: fc.Arbitrary<JobRef.JobRef> = fc.record(
  {
    provider: odd,
    kind: fc.constantFrom<JobRef.Kind>("generation", "edit", "extension"),
    id: odd,
    baseUrl: bases,
    account: odd,
    submittedAt: fc.maxSafeInteger(),
    deliversTo: odd
  },
  { requiredKeys: ["provider", "kind", "id", "baseUrl", "submittedAt"] }
)

describe("toUri", () => {
  it("any reference comes back from its URI", () => {
    fc.assert(
      fc.property(refs, (ref) => {
        expect(JobRef.fromUri(JobRef.toUri(ref))).toEqual(ref)
      })
    )
  })

  it("any URI is one word of printable ASCII", () => {
    fc.assert(
      fc.property(refs, (ref) => {
        expect(JobRef.toUri(ref)).toMatch(/^[\x21-\x7e]+$/u)
      })
    )
  })

  it("a reference reads as a URI", () => {
    expect(
      JobRef.toUri({
        provider: "xai",
        kind: "edit",
        id: "a3/d1",
        baseUrl: "https://api.x.ai",
        account: "key-1a2b",
        submittedAt: 1773297002000
      })
    ).toMatchInlineSnapshot(`"reelay:xai/edit/a3%2Fd1?v=1&base=https%3A%2F%2Fapi.x.ai&account=key-1a2b&at=1773297002000"`)
  })
})

describe("fromUri", () => {
  it("any text gives a reference or a message", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `reelay:x/edit/${text}?v=1&base=https://a.b&at=1`)
        ),
        (text) => {
          const read = JobRef.fromUri(text)
          expect(typeof read === "string" ? read !== "" : read.id !== "").toBe(true)
        }
      )
    )
  })

  it("parameters of a later version are ignored, and so are spaces around it", () => {
    expect(JobRef.fromUri(" reelay:xai/generation/a?v=1&base=https%3A%2F%2Fapi.x.ai&at=5&colour=red\n")).toEqual({
      provider: "xai",
      kind: "generation",
      id: "a",
      baseUrl: "https://api.x.ai",
      submittedAt: 5
    })
  })

  it.each([
    ["", "does not have the form reelay:{provider}/{kind}/{id}?v=1&base=...&at=..."],
    ["https://api.x.ai", "does not have the form reelay:{provider}/{kind}/{id}?v=1&base=...&at=..."],
    ["reelay:xai/generation/?v=1&base=https://a.b&at=1", "does not have the form reelay:{provider}/{kind}/{id}?v=1&base=...&at=..."],
    ["reelay:xai/generation/a?v=2&base=https://a.b&at=1", "has version 2; this Reelay reads version 1"],
    ["reelay:xai/generation/a?base=https://a.b&at=1", "has version none; this Reelay reads version 1"],
    ["reelay:xai/generation/%E0%A4?v=1&base=https://a.b&at=1", "is not percent-encoded as a URI"],
    ["reelay:xai/remix/a?v=1&base=https://a.b&at=1", "has an unknown kind; known are generation, edit, extension"],
    ["reelay:xai/constructor/a?v=1&base=https://a.b&at=1", "has an unknown kind; known are generation, edit, extension"],
    ["reelay:xai/edit/a?v=1&base=file:///etc&at=1", "has a base that isn't an http or https address"],
    ["reelay:xai/edit/a?v=1&at=1", "has a base that isn't an http or https address"],
    ["reelay:xai/edit/a?v=1&base=https://a.b/&at=1", "has a base that isn't an http or https address"],
    ["reelay:xai/edit/a?v=1&base=https://u:p@a.b&at=1", "has a base that isn't an http or https address"],
    ["reelay:xai/edit/a?v=1&base=https://a.b", "has a time (at) that isn't a number of milliseconds"],
    ["reelay:xai/edit/a?v=1&base=https://a.b&at=1.5", "has a time (at) that isn't a number of milliseconds"]
  ])("%s %s", (text, words) => {
    expect(JobRef.fromUri(text)).toBe(words)
  })
})

describe("isBaseUrl", () => {
  it.each(["https://api.x.ai", "http://localhost:8787/xai", "https://a.b/c/d"])("%s is one", (text) => {
    expect(JobRef.isBaseUrl(text)).toBe(true)
  })

  it.each(["", "api.x.ai", "https://a.b/", "https://a.b?x=1", "https://a.b#x", "https://u@a.b", "ftp://a.b", "javascript:alert(1)"])(
    "%s isn't one",
    (text) => {
      expect(JobRef.isBaseUrl(text)).toBe(false)
    }
  )
})
