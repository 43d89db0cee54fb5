import { describe, expect, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Text from "./Text.ts"

describe("excerpt", () => {
  it.each([
    ["see https://cdn.x.test/a.mp4?sig=SECRET&b=1 now", "see https://cdn.x.test/a.mp4?… now"],
    ['{"url":"https://cdn.x.test/a.mp4?sig=SECRET"}', '{"url":"https://cdn.x.test/a.mp4?…"}'],
    ["HTTPS://CDN.x.test/a#SECRET", "HTTPS://CDN.x.test/a?…"],
    ["Authorization: Bearer sk-SECRET_1.2~3+4/5=", "Authorization: Bearer …"],
    ["bearer   SECRET-1", "Bearer …"],
    ["Invalid Bearer token", "Invalid Bearer token"],
    ["https://a.b/it's?sig=SECRET", "https://a.b/it's?…"],
    ["image data:image/png;base64,SECRET== end", "image data:… end"],
    ["two\n\n\tlines  here ", "two lines here"],
    ["https://cdn.x.test/plain.mp4", "https://cdn.x.test/plain.mp4"]
  ])("%j reads as %j", (text, shown) => {
    expect(Text.excerpt(text)).toBe(shown)
  })

  it("500 characters stay unchanged, and 501 become the first 499 with an ellipsis", () => {
    expect(Text.excerpt("a".repeat(500))).toBe("a".repeat(500))
    expect(Text.excerpt("a".repeat(501))).toBe(`${"a".repeat(499)}…`)
  })

  it("no excerpt is longer than 500 characters, or has a second line", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 3000, size: "max" }), (text) => {
        expect(Text.excerpt(text).length).toBeLessThanOrEqual(500)
        expect(Text.excerpt(text)).not.toMatch(/[\r\n]/u)
      })
    )
  })

  it("T23: any URL loses its query", () => {
    fc.assert(
      fc.property(fc.webUrl(), fc.constantFrom("?", "#"), fc.constantFrom("", " ", '"', "'", "<"), (url, mark, after) => {
        expect(Text.excerpt(`${url}${mark}signature=SECRET${after}`)).not.toContain("SECRET")
      })
    )
  })

  it("a megabyte is truncated before it is searched", () => {
    expect(Text.excerpt("https://a.b/?".repeat(100_000)).length).toBeLessThanOrEqual(500)
  })
})

describe("excerpt of a signed URL", () => {
  it.each([
    "https://cdn.test/v.mp4?X-Amz-Signature=SECRETSIG",
    'https:\\/\\/cdn.test\\/v.mp4?X-Amz-Signature=SECRETSIG&x=1"}',
    "cdn.test/v.mp4?X-Amz-Signature=SECRETSIG",
    "https://cdn.test/v.mp4#token=SECRETSIG"
  ])("%s shows no signature", (text) => {
    expect(Text.excerpt(`the answer was {"url":"${text}`)).not.toContain("SECRETSIG")
  })
})

describe("withoutSecret", () => {
  const secret = "sk-abc/def123"

  it.each([
    ["every occurrence", `a ${secret} b ${secret}`, "a <key> b <key>"],
    ["JSON escapes", 'is "sk-abc\\/def123"', 'is "<key>"'],
    ["URL encoding", "?key=sk-abc%2Fdef123", "?key=<key>"],
    ["a secret truncated in the middle", "the key sk-abc/de…", "the key <key>…"],
    ["URL encoding, truncated in the middle", "?key=sk-abc%2Fde…", "?key=<key>…"]
  ])("hides %s", (_, text, shown) => {
    expect(Text.withoutSecret(text, secret)).toBe(shown)
  })

  it.each([
    ["unchanged", 'is tok/"a"  b+c', "is <key>"],
    ["with one space where there were two", 'is tok/"a" b+c', "is <key>"],
    ["in JSON", 'is "tok/\\"a\\"  b+c"', 'is "<key>"'],
    ["in JSON with escaped slashes", 'is "tok\\/\\"a\\"  b+c"', 'is "<key>"'],
    ["in JSON in JSON", 'is "{\\"x\\":\\"tok/\\\\\\"a\\\\\\"  b+c\\"}"', 'is "{\\"x\\":\\"<key>\\"}"'],
    ["in a form", "x=tok%2F%22a%22++b%2Bc", "x=<key>"],
    ["in JSON, truncated in the middle", 'is "tok/\\"a…', 'is "<key>…']
  ])("hides the value of a header %s", (_, text, shown) => {
    expect(Text.withoutSecret(text, 'tok/"a"  b+c')).toBe(shown)
  })

  it("does not redact blanks", () => {
    expect(Text.withoutSecret("a b", "         ")).toBe("a b")
  })

  it.each(["", "a", "id", "any-key"])("ignores the secret %j, which would be found in any word", (short) => {
    expect(Text.withoutSecret("an id, and any-key", short)).toBe("an id, and any-key")
  })
})

describe("present", () => {
  it.each([
    [" a ", "a"],
    [7, "7"],
    [0, "0"],
    ["", undefined],
    ["  ", undefined],
    [null, undefined],
    [Number.NaN, undefined],
    [{}, undefined],
    [true, undefined]
  ])("%j reads as %j", (value, text) => {
    expect(Text.present(value)).toBe(text)
  })
})

describe("parseJson", () => {
  it("JSON is parsed, and anything else is undefined", () => {
    expect(Text.parseJson('{"a":[1]}')).toEqual({ a: [1] })
    for (const text of ["", "{", "<html>", "undefined"]) expect(Text.parseJson(text)).toBeUndefined()
  })
})

describe("F21, F23: phrase", () => {
  it.each([
    ["Give the client the mock's base URL, as <url>/xai; or stop", "Give the client the mock's base URL, as [url]/xai; or stop"],
    ["the header is Bearer <your api key>.", "the header is Bearer [your api key]"],
    ["duration must be <max and >min", "duration must be < max and >min"],
    ["a<b, and the rest is told", "a< b, and the rest is told"],
    ["the key <key> is wrong", "the key <key> is wrong"],
    ["1 < 2 and x <= y", "1 < 2 and x <= y"]
  ])("keeps the words of a placeholder or a comparison: %s", (text, words) => {
    expect(Text.phrase(text)).toBe(words)
  })

  it.each([
    ["<html><body>Please <b>wait</b></body></html>", "Please wait"],
    ["<p>Not here", "Not here"],
    ["gone <br> for good", "gone for good"],
    ["<Error><Code>AccessDenied</Code></Error>", "AccessDenied"],
    ['<?xml version="1.0"?> no', "no"],
    ['no <a href="/">home', "no home"],
    ["no <svg/> picture", "no picture"],
    ["<body bgcolor=white", ""]
  ])("keeps the text of markup: %s", (text, words) => {
    expect(Text.phrase(text)).toBe(words)
  })
})
