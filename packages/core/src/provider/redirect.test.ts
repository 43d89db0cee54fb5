import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { fake, key } from "../../test/fake.ts"
import type { Answer } from "../job/Reading.ts"
import type { Call } from "./Provider.ts"
import { pollRedirect, submitRedirect, withinOrigin } from "./redirect.ts"

const base = "https://api.fake.test"
const path = "/v1/videos"
const post: Call = { method: "POST", path }
const get: Call = { method: "GET", path: "/v1/videos/video_123" }

const at = (baseUrl: string) => fake({ apiKey: key, baseUrl })
const answer = (operation: Answer["operation"], status: number, location?: string, body = ""): Answer => ({
  operation,
  status,
  headers: location === undefined ? {} : { location },
  body
})
const submitted = (status: number, location?: string, baseUrl = base) =>
  submitRedirect(at(baseUrl), post, answer("submit", status, location))
const polled = (status: number, location?: string, body?: string) => pollRedirect(at(base), get, answer("poll", status, location, body))

/** The rest of a message after the status. */
const leads = (target: string, hint = ""): string => `it redirects to ${target}${hint}`
const use = (baseUrl: string): string => `: use ${baseUrl} as the base URL`
const login = ", a page to log in: is the base URL right?"

/** Other addresses of the same endpoint. */
const moved: ReadonlyArray<readonly [what: string, location: string, target: string, hint: string]> = [
  ["another scheme", "http://api.fake.test/v1/videos", "http://api.fake.test/v1/videos", use("http://api.fake.test")],
  ["another host", "https://www.fake.test/v1/videos", "https://www.fake.test/v1/videos", use("https://www.fake.test")],
  ["another port", "https://api.fake.test:8443/v1/videos", "https://api.fake.test:8443/v1/videos", use("https://api.fake.test:8443")],
  ["a prefix more", "/api/v1/videos", "https://api.fake.test/api/v1/videos", use("https://api.fake.test/api")],
  ["a doubled /v1", "/v1/v1/videos", "https://api.fake.test/v1/v1/videos", use("https://api.fake.test/v1")],
  ["scheme, host, port, prefix and a slash", "http://a.test:81/x/v1/videos/", "http://a.test:81/x/v1/videos/", use("http://a.test:81/x")],
  ["a prefix less", "/videos", "https://api.fake.test/videos", ""]
]

/** Login pages. */
const logins: ReadonlyArray<readonly [location: string, target: string]> = [
  ["/login", "https://api.fake.test/login"],
  ["/login?next=%2Fv1%2Fvideos", "https://api.fake.test/login"],
  ["/log-in", "https://api.fake.test/log-in"],
  ["/login.php", "https://api.fake.test/login.php"],
  ["/auth/signin", "https://api.fake.test/auth/signin"],
  ["/users/sign_in", "https://api.fake.test/users/sign_in"],
  ["/oauth2/authorize?client_id=1", "https://api.fake.test/oauth2/authorize"],
  ["https://login.example.com/", "https://login.example.com/"]
]

/** Pages that may show the POST's result. */
const others: ReadonlyArray<readonly [what: string, location: string]> = [
  ["the job's page", "/v1/videos/video_123"],
  ["the job's page at another host", "https://www.fake.test/v1/videos/video_123"],
  ["the root", "/"],
  ["the root of another host", "https://www.fake.test"],
  ["a list with a query", "/videos?id=1"],
  ["the same endpoint with a query", "/v1/videos?id=1"],
  ["the same endpoint elsewhere with a query", "https://www.fake.test/v1/videos?task=video_123"],
  ["the very same address", "https://api.fake.test/v1/videos"],
  ["another endpoint", "/v1/images"],
  ["an endpoint with a similar ending", "/v1/myvideos"],
  ["one with another case", "/v1/Videos"],
  ["a path in which login is a part of a word", "/v1/catalogin/7"],
  ["a job in the account's own portal", "https://account.example.com/videos/video_123"],
  ["a job below a path that contains the word", "/auth/v1/videos/video_123"],
  ["a job whose host only contains the word", "https://mylogin.example.com/v1/videos/video_123"]
]

/** The ambiguous statuses. */
const both = [301, 302] as const

describe("an answer to a submission", () => {
  it.each([
    [307, "https://elsewhere.test/v1/videos?sig=SECRET", leads("https://elsewhere.test/v1/videos", use("https://elsewhere.test"))],
    [308, "https://elsewhere.test/v1/videos", leads("https://elsewhere.test/v1/videos", use("https://elsewhere.test"))],
    [307, "/v1/videos/video_123", leads("https://api.fake.test/v1/videos/video_123")],
    [308, "/", leads("https://api.fake.test/")],
    [307, "../v2/videos", leads("https://api.fake.test/v2/videos")],
    [307, "//cdn.test/x", leads("https://cdn.test/x")],
    [308, "/login", leads("https://api.fake.test/login", login)]
  ])("with %i and the target %s was certainly not accepted", (status, location, message) => {
    expect(submitted(status, location)).toEqual({ _tag: "Declined", reason: "SubmitRejected", status, message })
  })

  it.each(moved)("with 301 or 302 and %s at %s was certainly not accepted", (_, location, target, hint) => {
    for (const status of both) {
      expect(submitted(status, location)).toEqual({
        _tag: "Declined",
        reason: "SubmitRejected",
        status,
        message: leads(target, hint)
      })
    }
  })

  it.each([301, 302])("with %i and a slash more was certainly not accepted", (status) => {
    expect(submitted(status, "/v1/videos/")).toMatchObject({ _tag: "Declined", reason: "SubmitRejected", status })
    expect(submitted(status, "https://www.fake.test/v1/videos/")).toMatchObject({ _tag: "Declined", status })
  })

  it.each(["/v1/videos/", "/v1/videos"])("with 308 and the target %s names no base URL that is in use already", (location) => {
    expect(submitted(308, location)).toEqual({
      _tag: "Declined",
      reason: "SubmitRejected",
      status: 308,
      message: leads(`https://api.fake.test${location}`)
    })
  })

  it.each([301, 302])("with %i and a prefix of the base URL less was certainly not accepted", (status) => {
    const receipt = submitted(status, "/v1/videos", "https://api.fake.test/gateway")
    expect(receipt).toEqual({
      _tag: "Declined",
      reason: "SubmitRejected",
      status,
      message: leads("https://api.fake.test/v1/videos", use("https://api.fake.test"))
    })
  })

  it.each(logins)("with 301 or 302 and a page to log in, %s, was certainly not accepted", (location, target) => {
    for (const status of both) {
      expect(submitted(status, location)).toEqual({
        _tag: "Declined",
        reason: "SubmitRejected",
        status,
        message: leads(target, login)
      })
    }
  })

  it.each(others)("with 301 or 302 and %s, %s, has an unknown outcome", (_, location) => {
    for (const status of both) {
      const { origin, pathname } = new URL(location, `${base}${path}`)
      expect(submitted(status, location)).toEqual({
        _tag: "Unclear",
        status,
        detail: `HTTP ${status}, a redirect to ${origin}${pathname}`
      })
    }
  })

  it("with a fragment that names something has an unknown outcome", () => {
    expect(submitted(302, "/v1/videos#video_123")).toEqual({
      _tag: "Unclear",
      status: 302,
      detail: "HTTP 302, a redirect to https://api.fake.test/v1/videos"
    })
  })

  it.each([
    ["https://gateway.test/auth", "/auth/v1/videos/video_123"],
    ["https://gateway.test/sso/fake", "/sso/fake/v1/videos/video_123"],
    ["https://auth.gateway.test", "/v1/videos/video_123"],
    ["https://account.gateway.test", "https://account.gateway.test/v1/videos/video_123"]
  ])("at %s with 302 and the job's page below that, %s, has an unknown outcome: the word is the API's own", (baseUrl, location) => {
    expect(submitted(302, location, baseUrl)).toMatchObject({ _tag: "Unclear", status: 302 })
  })

  it("at an API whose own address holds such a word, with a page to log in elsewhere, was certainly not accepted", () => {
    expect(submitted(302, "https://login.example.com/", "https://gateway.test/auth")).toMatchObject({ _tag: "Declined" })
    expect(submitted(302, "/auth/login", "https://gateway.test/auth")).toMatchObject({ _tag: "Declined" })
  })

  it.each([...moved.map(([, location]) => location), ...logins.map(([location]) => location), ...others.map(([, location]) => location)])(
    "with 303 and %s has an unknown outcome",
    (location) => {
      expect(submitted(303, location)).toMatchObject({
        _tag: "Unclear",
        status: 303,
        detail: expect.stringContaining("HTTP 303, a redirect to ")
      })
    }
  )

  it.each([300, 304, 305, 306, 309, 399])("with %i has an unknown outcome, wherever it leads", (status) => {
    for (const location of ["https://www.fake.test/v1/videos", "/login", "/v1/videos/video_123"]) {
      expect(submitted(status, location)).toMatchObject({ _tag: "Unclear", status, detail: expect.stringContaining("redirect") })
    }
  })

  it.each([
    ["no target", undefined],
    ["an empty one", ""],
    ["a blank one", "  "],
    ["one that can't be parsed", "http://"],
    ["one with an invalid port", "https://api.fake.test:port/v1/videos"]
  ])("with a redirect and %s has an unknown outcome, whatever the status", (_, location) => {
    for (const status of [300, 301, 302, 303, 304, 305, 307, 308]) {
      expect(submitted(status, location)).toEqual({
        _tag: "Unclear",
        status,
        detail: `HTTP ${status}, a redirect that names no target`
      })
    }
  })

  it("in a browser has an unknown outcome, and says that a redirect came", () => {
    const unseen = { _tag: "Unclear", status: 0, detail: "the server answered with a redirect, and a browser does not show where to" }
    expect(submitted(0)).toEqual(unseen)
    // Nothing that a page's own fetch may add to it counts as proof.
    expect(submitted(0, "https://www.fake.test/v1/videos")).toEqual(unseen)
  })

  it.each([200, 201, 202, 204, 299, 400, 401, 404, 429, 500, 503])("with %i isn't a redirect, whatever target it names", (status) => {
    expect(submitted(status, "https://www.fake.test/v1/videos")).toBeUndefined()
    expect(polled(status, "https://www.fake.test/v1/videos")).toBeUndefined()
  })
})

describe("a redirect of a poll", () => {
  it.each([301, 302, 303, 307, 308])("with %i is followed within the origin, with its query", (status) => {
    const from = `${base}${get.path}`
    for (const [location, target] of [
      ["/v2/videos/video_123?sig=1", `${base}/v2/videos/video_123?sig=1`],
      ["video_124", `${base}/v1/videos/video_124`],
      [" /x ", `${base}/x`],
      ["https://api.fake.test:443/x", `${base}/x`],
      ["//api.fake.test/x", `${base}/x`],
      ["HTTPS://API.fake.test/x", `${base}/x`]
    ] as const) {
      expect(withinOrigin(answer("poll", status, location), from)).toBe(target)
    }
  })

  it.each([
    "http://api.fake.test/v1/videos/video_123",
    "https://api.fake.test:8443/v1/videos/video_123",
    "https://www.fake.test/v1/videos/video_123",
    "https://api.fake.test.evil.test/v1/videos/video_123",
    "https://api.fake.test@evil.test/v1/videos/video_123",
    "//evil.test/v1/videos/video_123",
    "\\\\evil.test/v1/videos/video_123",
    "file:///v1/videos/video_123",
    "data:application/json,{}",
    "http://",
    "",
    undefined
  ])("is never followed elsewhere: %s", (location) => {
    for (const status of [301, 302, 303, 307, 308])
      expect(withinOrigin(answer("poll", status, location), `${base}${get.path}`)).toBeUndefined()
  })

  it.each([0, 200, 202, 300, 304, 305, 306, 404])("with %i is never followed", (status) => {
    expect(withinOrigin(answer("poll", status, "/x"), `${base}${get.path}`)).toBeUndefined()
  })

  it.each([301, 302, 303, 307, 308])("with %i that was not followed is refused, and its target named without the query", (status) => {
    expect(polled(status, "https://elsewhere.test/x?sig=SECRET")).toEqual({
      _tag: "Refused",
      reason: "PollRejected",
      status,
      message: leads("https://elsewhere.test/x")
    })
    expect(polled(status, "https://elsewhere.test/v1/videos/video_123")).toMatchObject({
      message: leads("https://elsewhere.test/v1/videos/video_123", use("https://elsewhere.test"))
    })
    expect(polled(status, "/login?next=x")).toMatchObject({ _tag: "Refused", message: leads(`${base}/login`, login) })
  })

  it("without a target is refused", () => {
    expect(polled(302)).toEqual({ _tag: "Refused", reason: "PollRejected", status: 302, message: "a redirect that names no target" })
    expect(polled(302, "http://")).toMatchObject({ message: "a redirect that names no target" })
  })

  it("in a browser is refused, and says that a redirect came", () => {
    expect(polled(0)).toEqual({
      _tag: "Refused",
      reason: "PollRejected",
      status: 0,
      message: "the server answered with a redirect, and a browser does not show where to"
    })
  })

  it("that comes with a page is a failed poll: a portal or a proxy is temporary", () => {
    expect(polled(302, "https://portal.test/welcome?session=SECRET", "\n <html>Please log in</html>")).toEqual({
      _tag: "Missed",
      because: "unreadable",
      detail: "HTTP 302 with a page, and it redirects to https://portal.test/welcome"
    })
    expect(polled(307, undefined, "<html></html>")).toMatchObject({ _tag: "Missed", because: "unreadable" })
    // A browser shows nothing of it, and a body that isn't a page does not count.
    expect(polled(0, undefined, "<html></html>")).toMatchObject({ _tag: "Refused" })
    expect(polled(302, "https://portal.test/", '{"a":"<b>"}')).toMatchObject({ _tag: "Refused" })
  })
})

describe("any redirect", () => {
  const secret = "QUERYSECRET"
  const segment = fc.constantFrom("v1", "videos", "video_123", "login", "auth", "sso", "api", "x y", "%2e", "", "..")
  const host = fc.constantFrom("api.fake.test", "www.fake.test", "login.example.com", "127.0.0.1:9", "user:pass@api.fake.test")
  const tail = fc.constantFrom("", `?sig=${secret}`, `?${secret}`, `?next=https://a.test/%3Fsig=${secret}`, `#${secret}`, `?a=1#${secret}`)
  const location = fc.oneof(
    fc
      .tuple(fc.constantFrom("https://", "http://", "//", "ftp://"), host, fc.array(segment, { maxLength: 4 }), tail)
      .map(([scheme, name, parts, end]) => `${scheme}${name}/${parts.join("/")}${end}`),
    fc
      .tuple(fc.constantFrom("/", "", "./", "../"), fc.array(segment, { maxLength: 4 }), tail)
      .map(([start, parts, end]) => `${start}${parts.join("/")}${end}`),
    fc.constantFrom("", " ", "http://", "https://[", `mailto:a@b.test?subject=${secret}`, `data:text/html,<p>?${secret}`)
  )
  const status = fc.oneof(fc.constantFrom(0, 301, 302, 303, 307, 308), fc.integer({ min: 300, max: 399 }))
  const baseUrl = fc.constantFrom(base, `${base}/v1`, `${base}/gateway/auth`, "http://127.0.0.1:9")
  const body = fc.constantFrom("", "{}", `<html><a href="https://a.test/?sig=${secret}">`, `see https://a.test/?sig=${secret}`)
  const any = fc.record({ status, location: fc.option(location, { nil: undefined }), baseUrl, body })

  it("shows neither query nor fragment nor password of its target", () => {
    fc.assert(
      fc.property(any, (drawn) => {
        const headers = drawn.location === undefined ? {} : { location: drawn.location }
        const said = JSON.stringify([
          submitRedirect(at(drawn.baseUrl), post, { operation: "submit", status: drawn.status, headers, body: drawn.body }),
          pollRedirect(at(drawn.baseUrl), get, { operation: "poll", status: drawn.status, headers, body: drawn.body })
        ])
        expect(said).not.toContain(secret)
        expect(said).not.toContain("user:pass")
      }),
      { numRuns: 1000 }
    )
  })

  it("declines no submission with 303, without a status, or without a target", () => {
    fc.assert(
      fc.property(any, (drawn) => {
        const to = drawn.location?.trim() ?? ""
        const mayBeRefused = new Set([301, 302, 307, 308]).has(drawn.status) && to !== "" && URL.canParse(to, `${drawn.baseUrl}${path}`)
        const receipt = submitted(drawn.status, drawn.location, drawn.baseUrl)
        expect(receipt?._tag === "Declined" && !mayBeRefused).toBe(false)
        expect(submitted(drawn.status, undefined, drawn.baseUrl)?._tag).toBe("Unclear")
      }),
      { numRuns: 1000 }
    )
  })

  it("declines any submission that 307 or 308 sends somewhere", () => {
    fc.assert(
      fc.property(fc.constantFrom(307, 308), location, baseUrl, (with307, to, from) => {
        const isSomewhere = to.trim() !== "" && URL.canParse(to.trim(), `${from}${path}`)
        expect(submitted(with307, to, from)?._tag).toBe(isSomewhere ? "Declined" : "Unclear")
      }),
      { numRuns: 500 }
    )
  })

  it("never takes the key to another origin", () => {
    let followed = 0
    fc.assert(
      fc.property(any, (drawn) => {
        const from = `${drawn.baseUrl}${get.path}`
        const target = withinOrigin(answer("poll", drawn.status, drawn.location), from)
        if (target !== undefined) followed += 1
        expect(new URL(target ?? from).origin).toBe(new URL(from).origin)
      }),
      { numRuns: 1000 }
    )
    expect(followed).toBeGreaterThan(50)
  })

  it("is never accepted, and never sent again by itself", () => {
    fc.assert(
      fc.property(any, (drawn) => {
        expect(submitted(drawn.status, drawn.location, drawn.baseUrl)?._tag).toMatch(/^(Declined|Unclear)$/u)
      }),
      { numRuns: 500 }
    )
  })
})
