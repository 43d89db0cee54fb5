import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { expect } from "../../test/expect.ts"
import { done, fake, key, listen, printed, provider, type Reply, request, said, script, transport } from "../../test/fake.ts"
import * as journals from "../../test/journal.ts"
import * as Job from "../Job.ts"

const secret = "SIGNATURE"
const to = (status: number, location?: string, body = ""): Reply => ({
  status,
  body,
  headers: location === undefined ? {} : { location }
})

/** Submits once, with all the time there is for another try. */
const refused = Effect.fnUntraced(function* (reply: Reply, options: Job.SubmitOptions = {}, by = provider) {
  const net = script({ posts: [reply, { body: { id: "job-1" } }] })
  const fiber = yield* Effect.forkChild(Effect.flip(Job.submit(by, request, options)).pipe(Effect.provide(net.layer)))
  yield* TestClock.adjust("10 minutes")
  return { net, error: yield* Fiber.join(fiber) }
})

/** Follows a job through such answers to its polls. */
const followed = Effect.fnUntraced(function* (polls: ReadonlyArray<Reply>) {
  const net = script({ polls })
  const handle = yield* Job.submit(provider, request).pipe(Effect.provide(net.layer))
  const listener = yield* listen(handle)
  yield* TestClock.adjust("1 minute")
  return { net, listener, urls: net.polls().map(({ url }) => url) }
})

describe("a submission", () => {
  it.effect.each([307, 308])("T45: that is answered with %i is SubmitRejected, and is not sent again", (status) =>
    Effect.gen(function* () {
      const { error, net } = yield* refused(to(status, `https://elsewhere.test/api/jobs?sig=${secret}`))
      expect(error).toMatchObject({ operation: "submit", again: "never", reason: { _tag: "SubmitRejected", status } })
      expect(error.message).toBe(
        `Submitting to fake failed: HTTP ${status}, "it redirects to https://elsewhere.test/api/jobs: ` +
          `use https://elsewhere.test/api as the base URL". No job was made.`
      )
      expect(printed(error)).not.toContain(secret)
      expect([net.requests.length, net.posts().length]).toEqual([1, 1])
    })
  )

  it.effect.each([
    [301, "https://www.fake.test/jobs"],
    [302, "/v1/jobs"],
    [302, "/jobs/"],
    [302, `/login?next=${secret}`]
  ] as const)("that is answered with %i to %s is SubmitRejected, and is not sent again", ([status, location]) =>
    Effect.gen(function* () {
      const { error, net } = yield* refused(to(status, location))
      expect(error).toMatchObject({ again: "never", reason: { _tag: "SubmitRejected", status } })
      expect(error.message).toContain("No job was made.")
      expect(printed(error)).not.toContain(secret)
      expect(net.requests).toHaveLength(1)
    })
  )

  it.effect.each([
    [301, "/jobs/job-1", "HTTP 301, a redirect to https://api.fake.test/jobs/job-1"],
    [302, `/jobs/job-1?sig=${secret}`, "HTTP 302, a redirect to https://api.fake.test/jobs/job-1"],
    [303, "https://www.fake.test/jobs", "HTTP 303, a redirect to https://www.fake.test/jobs"],
    [303, "/login", "HTTP 303, a redirect to https://api.fake.test/login"],
    [300, "https://www.fake.test/jobs", "HTTP 300, a redirect to https://www.fake.test/jobs"],
    [304, "https://www.fake.test/jobs", "HTTP 304, a redirect to https://www.fake.test/jobs"],
    [307, undefined, "HTTP 307, a redirect that names no target"],
    [308, "http://", "HTTP 308, a redirect that names no target"]
  ] as const)("that is answered with %i to %s has an unknown fate, and says that a redirect came", ([status, location, detail]) =>
    Effect.gen(function* () {
      const { error, net } = yield* refused(to(status, location))
      expect(error).toMatchObject({ again: "never", reason: { _tag: "SubmitUnknown", detail } })
      expect(error.message).toContain(`has an unknown outcome: ${detail}. The job may exist and be billed`)
      expect(printed(error)).not.toContain(secret)
      expect(net.requests).toHaveLength(1)
    })
  )

  it.effect("that is answered with a redirect names no key that the target holds", () =>
    Effect.gen(function* () {
      for (const status of [302, 307]) {
        const { error } = yield* refused(to(status, `https://elsewhere.test/${key}/x`), { maySubmitAgain: true })
        expect(printed(error)).toContain("https://elsewhere.test/<key>/x")
        expect(printed(error)).not.toContain(key)
      }
    })
  )

  it.effect("that was redirected away leaves no trace under its key, and one with an unknown outcome does", () =>
    Effect.gen(function* () {
      const { restart } = journals.memory()
      const journal = restart()
      const under = (name: string, reply: Reply) => journals.withJournal(journal)(refused(reply, { key: name, maySubmitAgain: true }))
      expect((yield* under("a", to(307, "https://elsewhere.test/jobs"))).error.reason._tag).toBe("SubmitRejected")
      expect(yield* journals.remembered(journal)).toEqual([])
      expect((yield* under("b", to(302, "/jobs/job-1"))).error.reason._tag).toBe("SubmitUnknown")
      expect(yield* journals.remembered(journal)).toEqual(["Unknown"])
      const again = yield* under("b", { body: { id: "job-2" } })
      expect([again.error.reason._tag, again.net.requests.length]).toEqual(["SubmitUnknown", 0])
    })
  )

  it.effect("has an unknown outcome at a gateway whose own path holds a word for logging in, and that shows the job's page", () =>
    Effect.gen(function* () {
      const by = fake({ apiKey: key, baseUrl: "https://gateway.test/auth" })
      const { error } = yield* refused(to(302, "/auth/jobs/job-1"), {}, by)
      expect(error.reason._tag).toBe("SubmitUnknown")
    })
  )
})

describe("a poll", () => {
  it.effect.each([301, 302, 303, 307, 308])(
    "that is answered with %i follows it once within the origin, with GET and the same key",
    (status) =>
      Effect.gen(function* () {
        const { listener, net, urls } = yield* followed([to(status, "/v2/jobs/job-1?part=1"), done])
        expect([listener.tags(), listener.end()]).toEqual([["Submitted", "Succeeded"], "complete"])
        expect(urls).toEqual(["https://api.fake.test/jobs/job-1", "https://api.fake.test/v2/jobs/job-1?part=1"])
        const [first, second] = net.polls()
        expect(second?.at).toBe(first?.at)
        expect(second?.headers).toEqual(first?.headers)
        expect(second?.headers["authorization"]).toBe(`Bearer ${key}`)
        expect(net.posts()).toHaveLength(1)
      })
  )

  it.effect("follows a redirect at every poll, each time from the job's own address", () =>
    Effect.gen(function* () {
      const moved = to(308, "/v2/jobs/job-1")
      const { listener, urls } = yield* followed([moved, said("running"), moved, done])
      expect(listener.tags()).toEqual(["Submitted", "Running", "Succeeded"])
      const pair = ["https://api.fake.test/jobs/job-1", "https://api.fake.test/v2/jobs/job-1"]
      expect(urls).toEqual([...pair, ...pair])
    })
  )

  it.effect("that is sent on a second time is PollRejected, and the job is kept sight of", () =>
    Effect.gen(function* () {
      const { listener, urls } = yield* followed([to(308, "/v2/jobs/job-1"), to(308, `/v3/jobs/job-1?sig=${secret}`)])
      expect(listener.end()).toMatchObject({ operation: "poll", ref: { id: "job-1" }, reason: { _tag: "PollRejected", status: 308 } })
      const shown = printed(listener.end())
      expect(shown).toContain("https://api.fake.test/v3/jobs/job-1")
      expect(shown).toContain("Attach again: reelay:fake/")
      expect(shown).not.toContain(secret)
      expect(urls).toHaveLength(2)
    })
  )

  it.effect("that is sent on a second time names the target as seen from where it was sent", () =>
    Effect.gen(function* () {
      const { listener } = yield* followed([to(308, "/v2/deep/job-1"), to(308, "moved")])
      expect(printed(listener.end())).toContain("https://api.fake.test/v2/deep/moved")
    })
  )

  it.effect.each([
    "https://evil.test/jobs/job-1",
    "http://api.fake.test/jobs/job-1",
    "https://api.fake.test:8443/jobs/job-1",
    "//evil.test/jobs/job-1"
  ])("that is sent to another origin, %s, is PollRejected, and the key stays", (location) =>
    Effect.gen(function* () {
      const net = transport(({ method }) => (method === "POST" ? { body: { id: "job-1" } } : to(302, `${location}?sig=${secret}`)))
      const handle = yield* Job.submit(provider, request).pipe(Effect.provide(net.layer))
      const listener = yield* listen(handle)
      yield* TestClock.adjust("1 minute")
      expect(listener.end()).toMatchObject({ reason: { _tag: "PollRejected", status: 302 }, ref: { id: "job-1" } })
      const shown = printed(listener.end())
      expect(shown).toContain(`it redirects to ${new URL(location, "https://api.fake.test").href}`)
      expect(shown).not.toContain(secret)
      expect(net.requests.map(({ url }) => new URL(url).origin)).toEqual(["https://api.fake.test", "https://api.fake.test"])
    })
  )

  it.effect("that leaves the origin with its second redirect takes the key nowhere", () =>
    Effect.gen(function* () {
      const { listener, urls } = yield* followed([to(307, "/v2/jobs/job-1"), to(307, "https://evil.test/jobs/job-1")])
      expect(listener.end()).toMatchObject({ reason: { _tag: "PollRejected" } })
      expect(urls.filter((url) => !url.startsWith("https://api.fake.test/"))).toEqual([])
    })
  )

  it.effect("that is sent elsewhere with a page is a failed poll: a portal passes, and the job is followed to its end", () =>
    Effect.gen(function* () {
      const portal = to(302, `https://portal.test/welcome?session=${secret}`, "<!doctype html><p>Please log in</p>")
      const { listener, urls } = yield* followed([portal, portal, said("running"), done])
      expect([listener.tags(), listener.end()]).toEqual([["Submitted", "Running", "Succeeded"], "complete"])
      expect(new Set(urls)).toEqual(new Set(["https://api.fake.test/jobs/job-1"]))
    })
  )

  it.effect("that always meets a page ends with what it saw, without the query", () =>
    Effect.gen(function* () {
      const portal = to(302, `https://portal.test/welcome?session=${secret}`, "<html></html>")
      const net = script({ polls: [portal] })
      const handle = yield* Job.submit(provider, request, { deadline: "1 hour" }).pipe(Effect.provide(net.layer))
      const listener = yield* listen(handle)
      yield* TestClock.adjust("1 hour")
      expect(listener.end()).toMatchObject({ reason: { _tag: "BadPayload" }, ref: { id: "job-1" } })
      expect(printed(listener.end())).toContain("HTTP 302 with a page, and it redirects to https://portal.test/welcome")
      expect(printed(listener.end())).not.toContain(secret)
    })
  )

  it.effect("shares its time with what it follows", () =>
    Effect.gen(function* () {
      const net = script({
        polls: [
          { ...to(307, "/v2/jobs/job-1"), after: 20_000 },
          { ...done, after: 20_000 }
        ]
      })
      const handle = yield* Job.submit(provider, request, { requestTimeout: "30 seconds" }).pipe(Effect.provide(net.layer))
      yield* listen(handle)
      yield* TestClock.adjust("33 seconds")
      expect(net.cut.map(({ url }) => url)).toEqual(["https://api.fake.test/v2/jobs/job-1"])
    })
  )
})
