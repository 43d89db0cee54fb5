/** F18: redirects over each of Node's transports and over real sockets. */
import { describe, expect, it } from "vitest"
import { clients, inShort, key, serving } from "../test/clients.ts"

interface Seen {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly hasKey: boolean
}

/** A server that sends to `location` whoever asks for `/jobs...`, and has the job elsewhere. `OTHER` is another such server. */
const redirecting = async (status: number, location: string | undefined) => {
  const seen: Array<Seen> = []
  const others: Array<Seen> = []
  const other = await serving((request, response) => {
    others.push({ method: request.method, url: request.url, hasKey: JSON.stringify(request.headers).includes(key) })
    response.writeHead(200, { "content-type": "application/json" }).end('{"id":"job-1","status":"done"}')
  })
  const baseUrl = await serving((request, response) => {
    seen.push({ method: request.method, url: request.url, hasKey: JSON.stringify(request.headers).includes(key) })
    request.resume()
    const isMoved = request.url?.startsWith("/jobs") === true
    const headers = isMoved && location !== undefined ? { location: location.replace("OTHER", other) } : {}
    response.writeHead(isMoved ? status : 200, { "content-type": "application/json", ...headers }).end('{"id":"job-1","status":"done"}')
  })
  return { seen, others, baseUrl, other }
}

const rejected = "SubmitRejected, again: never"
const unknown = "SubmitUnknown, again: never"

describe.each(Object.entries(clients))("F18: over %s", (_, clientOf) => {
  it.each([
    [307, "OTHER/v1/jobs", rejected, "use OTHER/v1 as the base URL"],
    [308, "OTHER/jobs?sig=SIGNATURE", rejected, "use OTHER as the base URL"],
    [308, "/v2/jobs", rejected, "use HERE/v2 as the base URL"],
    [307, "/elsewhere", rejected, "it redirects to HERE/elsewhere"],
    [301, "OTHER/jobs", rejected, "use OTHER as the base URL"],
    [302, "/v2/jobs", rejected, "use HERE/v2 as the base URL"],
    [302, "/login?next=SIGNATURE", rejected, "a page to log in"],
    [302, "OTHER/jobs?created=SIGNATURE", unknown, "a redirect to OTHER/jobs"],
    [301, "/jobs/job-1", unknown, "a redirect to HERE/jobs/job-1"],
    [303, "OTHER/jobs", unknown, "a redirect to OTHER/jobs"],
    [303, "/jobs/job-1", unknown, "a redirect to HERE/jobs/job-1"],
    [307, undefined, unknown, "a redirect that names no target"]
  ])("a POST that is answered with %i to %s is never sent on: %s", async (status, location, outcome, words) => {
    const { baseUrl, other, others, seen } = await redirecting(status, location)
    const error = await clientOf(baseUrl).submit("a fox")
    expect(inShort(error)).toBe(outcome)
    expect(String(error)).toContain(words.replace("OTHER", other).replace("HERE", baseUrl))
    expect(String(error)).toContain(outcome === rejected ? "No job was made." : "may exist and be billed")
    expect(String(error)).not.toContain("SIGNATURE")
    expect([seen.map(({ method }) => method), others]).toEqual([["POST"], []])
  })

  it.each([301, 302, 303, 307, 308])("a poll that is answered with %i follows it once within the origin, with the key", async (status) => {
    const { baseUrl, others, seen } = await redirecting(status, "/v2/jobs/job-1?part=1")
    expect(await clientOf(baseUrl).watch("job-1")).toBe("an end")
    expect([seen, others]).toEqual([
      [
        { method: "GET", url: "/jobs/job-1", hasKey: true },
        { method: "GET", url: "/v2/jobs/job-1?part=1", hasKey: true }
      ],
      []
    ])
  })

  it.each([302, 307, 308])("a poll that is answered with %i to another origin ends, and the key stays here", async (status) => {
    const { baseUrl, other, others, seen } = await redirecting(status, "OTHER/jobs/job-1?sig=SIGNATURE")
    const error = await clientOf(baseUrl).watch("job-1")
    expect(inShort(error)).toBe("PollRejected, again: never")
    expect(String(error)).toContain(`it redirects to ${other}/jobs/job-1: use ${other} as the base URL`)
    expect(String(error)).not.toContain("SIGNATURE")
    expect([seen.length, others]).toEqual([1, []])
  })

  it("a poll that is sent in a circle ends after one step", async () => {
    const { baseUrl, seen } = await redirecting(308, "/jobs/job-1")
    expect(inShort(await clientOf(baseUrl).watch("job-1"))).toBe("PollRejected, again: never")
    expect(seen).toHaveLength(2)
  })
})
