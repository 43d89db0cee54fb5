import * as fc from "fast-check"
import { connect, type Socket } from "node:net"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { endpoints, fixtures, makeClient, start, unknownJob } from "../../test/client.ts"
import { isName, type Name, providerNames } from "../../test/names.ts"
import { type MockServer, serve } from "../hosts/node.ts"
import * as Mock from "../mock/Mock.ts"
import { catalogue } from "../providers/index.ts"
import * as Fault from "./Fault.ts"
import * as Script from "./Script.ts"

/** A job that ends at once, with these faults. */
const script = (...faults: ReadonlyArray<string | object>): string => JSON.stringify({ phases: [], faults })

/** What comes over one connection for one request, as it comes. */
interface Heard {
  text: string
  over: "open" | "closed" | "reset"
  socket: Socket
}

let server: MockServer

beforeAll(async () => {
  server = await serve({ now: () => start })
})
afterAll(() => server.close())

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

const ask = (method: string, path: string, headers: Record<string, string> = {}, body = ""): Heard => {
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  const heard: Heard = { text: "", over: "open", socket }
  socket.on("data", (chunk) => (heard.text += chunk.toString("latin1")))
  socket.on("end", () => (heard.over = "closed"))
  socket.on("error", () => (heard.over = "reset"))
  socket.on("close", () => (heard.over = heard.over === "open" ? "closed" : heard.over))
  const all = { host: `${hostname}:${port}`, authorization: "Bearer key", "content-length": String(Buffer.byteLength(body)), ...headers }
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}`)
  socket.write(`${method} ${path} HTTP/1.1\r\n${head.join("\r\n")}\r\n\r\n${body}`)
  return heard
}

/** An answer whose whole body has come. */
const isWhole = ({ text }: Heard): boolean => {
  const end = text.indexOf("\r\n\r\n")
  const length = /content-length: (\d+)/i.exec(text)?.[1]
  return end > 0 && text.length - end - 4 >= Number(length ?? 0)
}

/** Waits until there is nothing more to come: the whole answer, the end, or, of one that stalls, a later request that is done with. */
const settled = async (heard: Heard): Promise<Heard> => {
  await until(
    () => server.mock.journal.at(-1)?.status !== undefined || server.mock.journal.at(-1)?.cut !== undefined || heard.over !== "open"
  )
  const later = ask("GET", "/__mock/health")
  await until(() => isWhole(later))
  later.socket.destroy()
  return heard
}

const submitted = (provider: Name, faults: string) => {
  const { body, submit } = endpoints[provider]
  const headers = { "content-type": "application/json", "x-reelay-script": faults }
  return ask("POST", `/${provider}${submit}`, headers, JSON.stringify({ ...body, prompt: "A candle" }))
}

/** The first request of an endpoint about a job with one fault. */
const firstOf = async (endpoint: Fault.Endpoint, faults: string): Promise<Heard> => {
  server.mock.reset()
  // GeekNow has all four endpoints.
  const post = submitted("geeknow", faults)
  if (endpoint === "submit") return settled(post)
  await until(() => isWhole(post))
  post.socket.destroy()
  const job = server.mock.jobs[0]
  const id = job?.id ?? ""
  if (endpoint === "poll") return settled(ask("GET", `/geeknow/v1/videos/${id}`))
  if (endpoint === "content") return settled(ask("GET", `/geeknow/v1/videos/${id}/content`))
  const poll = ask("GET", `/geeknow/v1/videos/${id}`)
  await until(() => isWhole(poll))
  poll.socket.destroy()
  return settled(ask("GET", new URL(/http:[^"]+\/files\/[^"]+/.exec(poll.text)?.[0] ?? "http://none/").href.slice(server.url.length)))
}

const bodyOf = ({ text }: Heard): string => text.slice(text.indexOf("\r\n\r\n") + 4)

/** How far an answer came. A reset may overtake what was sent before it: then all that is sure is that it is not whole. */
const far = (heard: Heard, isReset: boolean): string => {
  const hasHead = heard.text.includes("\r\n\r\n")
  if (isReset && !isWhole(heard)) return "not all"
  return heard.text === ""
    ? "nothing"
    : !hasHead
      ? "some of its head"
      : isWhole(heard)
        ? "all"
        : bodyOf(heard) === ""
          ? "its head"
          : "some of its body"
}

const seen = (heard: Heard, isReset: boolean) => ({
  over: heard.over,
  status: heard.text.slice(9, 12),
  isPage: bodyOf(heard).includes("<html>"),
  far: far(heard, isReset)
})

const farOf: Readonly<Record<Fault.Point, string>> = {
  unreceived: "nothing",
  unaccepted: "nothing",
  accepted: "nothing",
  headers: "some of its head",
  body: "some of its body",
  answered: "all"
}

const expected = (point: Fault.Point, means: Fault.Means) => {
  const any: unknown = expect.any(String)
  switch (means) {
    case "5xx":
      return { over: "open", status: "502", isPage: true, far: "all" }
    case "html":
      return { over: "open", status: "200", isPage: true, far: "all" }
    case "drop":
      return { over: "closed", status: farOf[point] === "nothing" ? "" : any, isPage: false, far: farOf[point] }
    case "stall":
      return { over: "open", status: farOf[point] === "nothing" ? "" : any, isPage: false, far: farOf[point] }
    case "reset":
      return { over: "reset", status: any, isPage: false, far: point === "answered" ? expect.stringMatching(/^(all|not all)$/) : "not all" }
  }
}

const cells = catalogue.kinds.flatMap((kind) => (kind.cell === undefined ? [] : [[kind.name, kind.cell] as const]))

describe("the grid of points at which a request can break", () => {
  it("has every endpoint, point and way that there can be", () => {
    expect(cells).toHaveLength(4 * (5 + 5 + 5 + 3 + 3 + 2))
  })

  it.each(cells)("%s", async (name, { endpoint, means, point }) => {
    const heard = await firstOf(endpoint, script(name))
    // What is to be closed or reset soon is, without anybody asking.
    if (means === "drop" || means === "reset") await until(() => heard.over !== "open")
    const entry = server.mock.journal.findLast(({ route }) => route === endpoint)
    expect({ fault: entry?.fault, received: entry?.received }).toEqual({
      fault: name,
      received: point === "unreceived" ? false : undefined
    })
    expect(server.mock.jobs).toHaveLength(endpoint === "submit" && (point === "unreceived" || point === "unaccepted") ? 0 : 1)
    expect(seen(heard, means === "reset")).toEqual(expected(point, means))
    heard.socket.destroy()
  })

  it("a body breaks at the byte that is named", async () => {
    for (const byte of [0, 1, 17]) {
      const heard = await firstOf("poll", script({ name: "poll-body-drop", byte }))
      await until(() => heard.over !== "open")
      expect([heard.text.includes("\r\n\r\n"), bodyOf(heard)]).toEqual([
        true,
        '{"id":"video_01234'.slice(0, 0) + bodyOf(heard).slice(0, byte)
      ])
      expect(bodyOf(heard)).toHaveLength(byte)
    }
  })

  it("a body that is no longer than that comes whole, and is not called broken", async () => {
    const client = makeClient()
    const id = await client.submit("xai", "A candle")
    client.mock.play(Object.assign(Script.success(0), { faults: [{ name: "poll-body-drop", byte: 100_000 }] }))
    const other = await client.submit("xai", "Another candle")
    expect((await client.poll("xai", other)).text).toContain('"done"')
    expect([client.mock.journal.at(-1)?.cut, client.mock.journal.at(-1)?.fault, id === other]).toEqual([undefined, undefined, false])
    expect(client.mock.jobs.at(-1)?.endToldAt).toBe(start)
  })

  it("what breaks a body is about the answers that have one", async () => {
    const client = makeClient()
    const id = await client.submit("xai", "A candle mock:fault=poll-body-drop")
    // xAI says with an empty body that a job waits.
    for (let nth = 0; nth < 3; nth++)
      expect([(await client.poll("xai", id)).status, client.mock.journal.at(-1)?.fault]).toEqual([202, undefined])
    client.at(10_000)
    for (let nth = 0; nth < 2; nth++) await expect(client.poll("xai", id)).rejects.toBeInstanceOf(Error)
    expect((await client.poll("xai", id)).text).toContain('"done"')
  })

  it("HEAD uses up nothing, and has no body to break", async () => {
    const { link, mock, send } = await withFaults("xai", [{ name: "file-body-drop", requests: { first: 1 } }])
    const url = await link()
    expect([(await send(url, { method: "HEAD" })).status, mock.journal.at(-1)?.fault]).toEqual([200, undefined])
    await expect(send(url)).rejects.toBeInstanceOf(Error)
    expect((await send(url)).status).toBe(200)
  })

  it("the next request after the last broken one is answered", async () => {
    const client = makeClient()
    const headers = {
      authorization: "Bearer key",
      "content-type": "application/json",
      "x-reelay-script": script({ name: "submit-accepted-5xx" })
    }
    const init = { method: "POST", headers, body: JSON.stringify({ prompt: "The same candle" }) }
    const path = "/xai/v1/videos/generations"
    const statuses = [await client.send(path, init), await client.send(path, init)]
    expect(statuses.map(({ status }) => status)).toEqual([502, 200])
    // Who repeats a submission whose answer was lost has two jobs.
    expect(client.mock.jobs).toHaveLength(2)
    expect(new Set(client.mock.jobs.map(({ id }) => id)).size).toBe(2)
    // What was answered is over: the same once more breaks again, as in the next run of a test.
    expect((await client.send(path, init)).status).toBe(502)
  })
})

/** A client whose job has these faults. */
const withFaults = async (provider: Name, faults: ReadonlyArray<string | object>, rest: object = { phases: [] }) => {
  const client = makeClient()
  const { body, submit } = endpoints[provider]
  const headers = {
    authorization: "Bearer key",
    "content-type": "application/json",
    "x-reelay-script": JSON.stringify({ ...rest, faults })
  }
  const post = await client.send(`/${provider}${submit}`, {
    method: "POST",
    headers,
    body: JSON.stringify({ ...body, prompt: "A candle" })
  })
  const id = client.mock.jobs[0]?.id ?? ""
  const poll = () => client.poll(provider, id)
  const link = async () => /http:[^"]+\/files\/[^"]+/.exec((await poll()).text)?.[0] ?? ""
  return { ...client, id, first: post, poll, link }
}

const shown = ["xai", "cometapi", "xingchao", "geeknow"] as const

describe("a provider's own error bodies", () => {
  const table = catalogue.kinds.flatMap(({ endpoint, name, only = [] }) =>
    name.includes("-error.") ? only.filter(isName).map((provider) => [name, provider, endpoint] as const) : []
  )

  it.each(table)("%s of %s", async (name, provider, endpoint) => {
    const { first, mock, poll } = await withFaults(provider, [name])
    const fixture = fixtures[provider][name.slice(endpoint.length + 1)]
    const answer = endpoint === "submit" ? first : await poll()
    expect([answer.status, answer.json]).toEqual([fixture?.status, fixture?.body])
    expect([mock.journal.at(-1)?.fault, mock.jobs.length]).toEqual([name, endpoint === "submit" ? 0 : 1])
  })
})

describe("what providers do to polls", () => {
  it.each([
    ["rate-limited", "1"],
    // `start` is 2027-01-15T08:00:00Z.
    ["rate-limited-date", "Fri, 15 Jan 2027 08:00:01 GMT"],
    ["rate-limited-silent", null]
  ] as const)("%s: Retry-After is %s, twice, and then the answer", async (name, asked) => {
    for (const provider of providerNames) {
      const { poll } = await withFaults(provider, [name])
      const answers = [await poll(), await poll(), await poll()]
      expect(answers.map(({ status }) => status).slice(0, 2)).toEqual([429, 429])
      expect(answers.map(({ headers }) => headers.get("retry-after"))).toEqual([asked, asked, null])
      expect(answers[0]?.text === "").toBe(name === "rate-limited-silent")
      expect(answers[2]?.text).toContain("/files/")
    }
  })

  it("submit-rate-limited: nothing is made, and the next one is", async () => {
    const { first, mock } = await withFaults("xai", [{ name: "submit-rate-limited", retryAfter: 7 }])
    expect([first.status, first.headers.get("retry-after"), mock.jobs]).toEqual([429, "7", []])
  })

  it("flaky: each second poll is a page with 503", async () => {
    const { poll } = await withFaults("xai", ["flaky"])
    expect([await poll(), await poll(), await poll(), await poll()].map(({ status }) => status)).toEqual([200, 503, 200, 503])
  })

  it("query-failed: cometapi's wrapper says so with HTTP 200", async () => {
    const { poll } = await withFaults("cometapi", ["query-failed"])
    expect((await poll()).json).toEqual(fixtures.cometapi["query.error.with-wrapper-code"]?.body)
    await poll()
    expect((await poll()).text).toContain("/files/")
  })

  it.each([
    ["unknown-status", "warming_up", "WARMING_UP", "warming_up", "warming_up"],
    ["foreign-words", "queued", "PROCESSING", "in_progress", "in_progress"]
  ])("%s: the word of a running job is another", async (name, ...words) => {
    for (const [index, provider] of shown.entries()) {
      const running = { phases: [{ state: "running", lasts: 10_000 }] }
      const { poll } = await withFaults(provider, [name], running)
      expect((await poll()).text).toContain(`"status":"${words[index]}"`)
    }
  })

  it("foreign-words: the word for success is another, too", async () => {
    const said = await Promise.all(shown.map(async (provider) => (await (await withFaults(provider, ["foreign-words"])).poll()).text))
    expect(said.map((text) => /"status":"(\w+)"/.exec(text)?.[1])).toEqual(["completed", "DONE", "succeeded", "succeeded"])
  })

  it("no-status: the first answer has none", async () => {
    for (const provider of shown) {
      const { poll } = await withFaults(provider, ["no-status"])
      const [first, second] = [await poll(), await poll()]
      expect([first.status, first.text.includes('"status"'), second.text.includes('"status"')]).toEqual([200, false, true])
    }
  })

  it("not-found-first: unknown for a fifth of its time", async () => {
    const { at, poll } = await withFaults("xai", ["not-found-first"], {})
    at(1999)
    expect((await poll()).status).toBe(404)
    at(2000)
    expect((await poll()).status).toBeLessThan(300)
  })

  it("goes-back: ended, running, unknown, and ended for good", async () => {
    for (const provider of shown) {
      const { poll } = await withFaults(provider, ["goes-back"])
      const texts = [await poll(), await poll(), await poll(), await poll(), await poll()].map(({ text }) => text)
      expect(texts.map((text) => text.includes("/files/"))).toEqual([true, false, false, true, true])
      expect(texts[2]).toBe(JSON.stringify(unknownJob[provider]?.body))
    }
  })
})

describe("what happens to files", () => {
  it.each([
    ["url-expired", 403],
    ["url-expired-404", 404],
    ["url-expired-410", 410]
  ])("%s: the first link has expired, %i, and the next is good", async (name, status) => {
    const { link, send } = await withFaults("xai", [name])
    const first = await link()
    expect([(await send(first)).status, (await send(first)).status]).toEqual([status, status])
    expect((await send(await link())).status).toBe(200)
  })

  it("url-needs-key: 401 without it, and under another's", async () => {
    const { link, send } = await withFaults("geeknow", ["url-needs-key"])
    const url = await link()
    const ways = [undefined, "Bearer other", "Bearer key"].map((authorization) =>
      send(url, authorization === undefined ? {} : { headers: { authorization } })
    )
    expect((await Promise.all(ways)).map(({ status }) => status)).toEqual([401, 401, 200])
  })

  it("url-refuses-key: 400 to whoever brings one", async () => {
    const { link, send } = await withFaults("xai", ["url-refuses-key"])
    const url = await link()
    expect([(await send(url, { headers: { authorization: "Bearer key" } })).status, (await send(url)).status]).toEqual([400, 200])
  })

  it("redirected: three steps to the file; redirect-loop: none that ends", async () => {
    for (const [name, last] of [
      ["redirected", 200],
      ["redirect-loop", 302]
    ] as const) {
      const { link, send } = await withFaults("xai", [name])
      let url = await link()
      const statuses: Array<number> = []
      for (let hop = 0; hop < 4; hop++) {
        const { headers, status } = await send(url)
        statuses.push(status)
        url = new URL(headers.get("location") ?? "", url).href
      }
      expect(statuses).toEqual([302, 302, 302, last])
    }
  })

  it.each([
    ["truncated", (good: Uint8Array, bad: Uint8Array) => Buffer.compare(good.slice(0, good.byteLength >> 1), bad) === 0],
    ["corrupted", (good: Uint8Array, bad: Uint8Array) => good.byteLength === bad.byteLength && Buffer.compare(good, bad) !== 0],
    ["json-instead", (_: Uint8Array, bad: Uint8Array) => new TextDecoder().decode(bad).includes('"storage_error"')]
  ])("%s: HTTP 200 and the wrong bytes, and then the right ones", async (name, isWrong) => {
    const whole = await withFaults("xai", [])
    const good = new Uint8Array(await (await whole.mock.handle(new Request(await whole.link()))).arrayBuffer())
    const { link, mock } = await withFaults("xai", [name])
    const url = await link()
    const answer = await mock.handle(new Request(url))
    const bytes = new Uint8Array(await answer.arrayBuffer())
    expect([answer.status, answer.headers.get("content-length"), isWrong(good, bytes)]).toEqual([200, String(bytes.byteLength), true])
    expect(new Uint8Array(await (await mock.handle(new Request(url))).arrayBuffer())).toEqual(good)
  })

  it("wrong-length: a kilobyte more is promised than comes", async () => {
    const heard = await firstOf("file", script("wrong-length"))
    await until(() => heard.over !== "open")
    expect(Number(/content-length: (\d+)/i.exec(heard.text)?.[1]) - bodyOf(heard).length).toBe(1024)
  })
})

describe("what a host can't show is refused, and nothing is made", () => {
  const hosts = ["every", "web", "socket"] as const
  const able = { every: [true, true, true], web: [false, true, true], socket: [false, false, true] }

  it.each(catalogue.kinds.map(({ name, needs, only }) => [name, needs, only?.find(isName) ?? "xai"] as const))(
    "%s (%s)",
    async (name, needs, provider) => {
      const mock = Mock.make({ now: () => start })
      const { body, submit } = endpoints[provider]
      const headers = {
        authorization: "Bearer key",
        "content-type": "application/json",
        "x-reelay-script": script(Fault.fieldsOf(name).includes("requests") ? { name, requests: { after: 5 } } : name)
      }
      const init = { method: "POST", headers, body: JSON.stringify({ ...body, prompt: "x" }) }
      const outcomes = hosts.map(async (host) => {
        const { answer } = await mock.deliver(new Request(`http://mock.test/${provider}${submit}`, init), host)
        return answer.status < 300 || !JSON.stringify(answer.body).includes(`the fault ${name} needs a socket`)
      })
      expect(await Promise.all(outcomes)).toEqual(able[needs])
      expect(mock.jobs).toHaveLength(able[needs].filter(Boolean).length)
    }
  )

  it("a fault of an endpoint that a provider does not have is refused", async () => {
    const { first, mock } = await withFaults("xai", ["content-accepted-5xx"])
    expect([first.status, mock.jobs]).toEqual([400, []])
    expect(first.text).toContain("is one of geeknow, not of xai")
  })
})

describe("in the same process", () => {
  it.each([
    ["poll-accepted-drop", "TypeError"],
    ["poll-body-drop", "TypeError"]
  ])("%s is what fetch makes of it", async (name, error) => {
    const { id, mock } = await withFaults("xai", [name])
    const fetched = Mock.fetchOf(mock)(`http://mock.test/xai/v1/videos/${id}`, { headers: { authorization: "Bearer key" } }).then(
      (answer) => answer.text()
    )
    await expect(fetched).rejects.toMatchObject({ name: error })
  })

  it("poll-accepted-stall waits until the client leaves", async () => {
    const { id, mock } = await withFaults("xai", ["poll-accepted-stall"])
    const leaving = new AbortController()
    const init = { headers: { authorization: "Bearer key" }, signal: leaving.signal }
    const fetched = Mock.fetchOf(mock)(`http://mock.test/xai/v1/videos/${id}`, init)
    await until(() => mock.journal.at(-1)?.cut === "stall")
    leaving.abort("enough")
    await expect(fetched).rejects.toBe("enough")
  })

  it("poll-body-stall gives the first bytes, and no end", async () => {
    const { id, mock } = await withFaults("xai", ["poll-body-stall"])
    const fetched = await Mock.fetchOf(mock)(`http://mock.test/xai/v1/videos/${id}`, { headers: { authorization: "Bearer key" } })
    const reader = fetched.body?.getReader()
    expect((await reader?.read())?.value?.byteLength).toBeGreaterThan(0)
    const second = reader?.read().then(() => "more")
    expect(await Promise.race([second, new Promise((resolve) => setImmediate(() => resolve("nothing")))])).toBe("nothing")
    await reader?.cancel()
  })
})

const which = (requests: Fault.Requests) => [1, 2, 3, 4, 5, 6].filter((nth) => Fault.isDue({ name: "flaky", requests }, nth))

describe("a fault of a script", () => {
  it("is about the requests that it names", () => {
    expect([which({ first: 2 }), which({ every: 3 }), which({ after: 4 })]).toEqual([
      [1, 2],
      [3, 6],
      [5, 6]
    ])
    expect([1, 2, 3, 4].filter((nth) => Fault.isDue({ name: "flaky" }, nth))).toEqual([2, 4])
  })

  it.each([
    [["flakey"], '"flakey" isn\'t a fault'],
    [[{ name: "flaky", requests: { first: 0 } }], "faults"],
    ["flaky", "faults"]
  ])("%j is refused", (faults, problem) => {
    expect(Script.fromJson({ faults }, 1000)).toEqual({ problem: expect.stringContaining(problem) })
  })

  it("has a source, and words that say what is seen", () => {
    const names = catalogue.kinds.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(catalogue.kinds.filter(({ what }) => !what.endsWith("."))).toEqual([])
    expect(catalogue.kinds.filter(({ evidence, source }) => evidence !== "assumed" && !source.startsWith("https://"))).toEqual([])
  })

  it("never makes the mock reject, whatever is combined", async () => {
    const any = fc.constantFrom(...catalogue.kinds.filter(({ needs }) => needs === "every").map(({ name }) => name))
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...providerNames),
        fc.array(any, { maxLength: 4 }),
        fc.nat(12_000),
        async (provider, faults, age) => {
          const client = await withFaults(provider, faults, {})
          client.at(age)
          for (let round = 0; round < 5; round++) {
            const { status, text } = await client.poll()
            const url = /http:[^"\\]+\/files\/[^"\\]+/.exec(text)?.[0]
            const file = url === undefined ? undefined : await client.send(url)
            expect(Math.max(status, file?.status ?? 0)).toBeLessThan(600)
          }
        }
      ),
      { numRuns: 100 }
    )
  })
})
