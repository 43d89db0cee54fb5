import type { JobState } from "@reelay/core"
import type { PromiseJob } from "@reelay/core/promise"
import { from, lastValueFrom, toArray } from "rxjs"
import { describe, expect, it } from "vitest"
import { apiKey, mocked, polls, posts, prompt, relayTo, until } from "./relay.ts"
import { client, served, tabStorage } from "./served.ts"

const byPolls = { prompt: `${prompt} mock:script=ten-polls` }
const slow = { prompt: `${prompt} mock:duration=2s` }

const statesOf = async (job: PromiseJob): Promise<ReadonlyArray<JobState.JobState>> => {
  const all: Array<JobState.JobState> = []
  for await (const state of job) all.push(state)
  return all
}

const tags = (states: ReadonlyArray<JobState.JobState>): ReadonlyArray<string> => [...new Set(states.map(({ _tag }) => _tag))]

const failure = async (promise: Promise<unknown>): Promise<unknown> => {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error("it did not fail")
}

describe.concurrent("the client", () => {
  it("submits, follows, and fetches, as core's client does", async () => {
    const server = await mocked()
    const there = await served(relayTo(server))
    const own = client(there)
    const job = await own.submit(byPolls)
    expect(job.current()._tag).toBe("Submitted")
    const [states, seen] = await Promise.all([statesOf(job), lastValueFrom(from(job).pipe(toArray()))])
    expect(tags(states)).toEqual(["Submitted", "Queued", "Running", "Succeeded"])
    expect(tags(seen)).toEqual(["Submitted", "Queued", "Running", "Succeeded"])
    const end = await job.result()
    expect(end).toMatchObject({
      _tag: "Succeeded",
      billed: "yes",
      artifacts: [{ url: `${there.url}/jobs/${job.id}/video`, kind: "content" }]
    })
    expect(job.result()).toBe(job.result())
    expect(new TextDecoder().decode((await job.bytes()).subarray(4, 8))).toBe("ftyp")
    expect((await job.blob()).type).toBe("video/mp4")
    expect(await job.url()).toMatch(/^blob:/u)
    job.leave()
    expect(await (await own.attach(job.id)).result()).toBe(end)
    expect(JSON.stringify([states, job.ref])).not.toMatch(new RegExp(`${apiKey}|acme-account|/xai|signature`, "u"))
    expect(posts(server)).toBe(1)
  })

  it("rejects as core's does if a job fails, and is refused", async () => {
    const server = await mocked()
    const own = client(await served(relayTo(server)))
    const failed = await failure(own.run({ prompt: `${prompt} mock:fail` }))
    expect(failed).toMatchObject({ _tag: "JobFailed", state: { _tag: "Failed", billed: "unknown" } })
    const refused = await failure(own.submit({ prompt, duration: 99 }))
    expect(refused).toMatchObject({ _tag: "JobError", reason: { _tag: "InvalidRequest", field: "duration", billed: "no" }, again: "never" })
    const unknown = await failure(own.submit({ prompt: `${prompt} mock:lost-submit` }))
    expect(unknown).toMatchObject({ _tag: "JobError", reason: { _tag: "SubmitUnknown", billed: "unknown" } })
    expect(await failure(own.attach("j1.AAAAAAAAAAAAAAAAAAAAAAAAAAAA"))).toMatchObject({ reason: { _tag: "UnknownJob" } })
    expect(posts(server)).toBe(2)
  })

  it("has one stream for all its jobs, which ends with the last", async () => {
    const there = await served(relayTo(await mocked()))
    const own = client(there)
    const jobs = await Promise.all([1, 2, 3, 4].map((seconds) => own.submit({ prompt: `${prompt} ${seconds}` })))
    await Promise.all(jobs.map((job) => job.result()))
    expect(there.requests.filter((each) => each === "POST /events")).toHaveLength(1)
  })

  it("sends nothing if it is left in the same moment, as React's StrictMode leaves", async () => {
    const server = await mocked()
    const own = client(await served(relayTo(server)))
    const signal = AbortSignal.abort("left")
    expect(await failure(own.submit({ prompt }, { signal }))).toBe("left")
    const leaving = new AbortController()
    const submitting = own.submit({ prompt }, { signal: leaving.signal })
    leaving.abort("left")
    expect(await failure(submitting)).toBe("left")
    await own.run({ prompt })
    expect(posts(server)).toBe(1)
  })

  it("says who was submitted to one who has left meanwhile", async () => {
    const server = await mocked({ latency: 100 })
    const own = client(await served(relayTo(server)))
    const leaving = new AbortController()
    const known = new Promise((resolve) => {
      own.submit({ prompt }, { signal: leaving.signal, onSubmitted: resolve }).catch(() => undefined)
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    leaving.abort()
    expect(await known).toMatchObject({ provider: "xai" })
    expect(posts(server)).toBe(1)
  })

  it("sends images as they are", async () => {
    const server = await mocked()
    const own = client(await served(relayTo(server)))
    const png = Uint8Array.from(
      atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="),
      (each) => each.charCodeAt(0)
    )
    await own.run({ prompt, images: [png] })
    await own.run({ prompt, images: [new Blob([png], { type: "image/png" })] })
    const bodies = server.mock.journal.flatMap(({ body, route }) => (route === "submit" ? [JSON.stringify(body)] : []))
    expect(bodies).toHaveLength(2)
    expect(bodies.every((body) => body.includes("data:image/png;base64,"))).toBe(true)
  })
})

describe.concurrent("a client that loses its relay", () => {
  it("goes on after a cut, without a repeat or a step back", async () => {
    const server = await mocked()
    const there = await served(relayTo(server))
    const job = await client(there).submit(slow)
    const cutting = setInterval(() => there.cut(), 300)
    const states = await statesOf(job)
    clearInterval(cutting)
    const ranks = states.map(
      (state) =>
        ["Submitted", "Queued", "Running", "Succeeded"].indexOf(state._tag) + (state._tag === "Running" ? (state.progress ?? 0) : 0)
    )
    expect(ranks).toEqual([...new Set(ranks)].toSorted((one, other) => one - other))
    expect(states.at(-1)?._tag).toBe("Succeeded")
    expect(there.requests.filter((each) => each === "POST /events").length).toBeGreaterThan(2)
  })

  it("continues with another relay at the same place, started in mid-job", async () => {
    const server = await mocked()
    const first = await served(relayTo(server))
    const job = await client(first).submit(slow)
    const end = job.result()
    await new Promise((resolve) => setTimeout(resolve, 500))
    await first.stop()
    await new Promise((resolve) => setTimeout(resolve, 300))
    await served(relayTo(server), { port: first.port })
    expect((await end)._tag).toBe("Succeeded")
    expect(posts(server)).toBe(1)
  })

  it("takes a stream without a byte for dead", async () => {
    const server = await mocked()
    let held = 0
    const relay = relayTo(server)
    const there = await served(relay, {
      instead: ({ url = "" }, outgoing) => {
        if (!url.endsWith("/events") || held > 0) return false
        held += 1
        outgoing.writeHead(200, { "content-type": "text/event-stream" }).write(":\n\n")
        return true
      }
    })
    const job = await client(there, { times: { stall: 200 } }).submit({ prompt })
    expect((await job.result())._tag).toBe("Succeeded")
    expect(held).toBe(1)
  })

  it.each([
    ["holds streams back", (write: (head: string, text?: string) => void) => write("text/event-stream")],
    ["answers with a page", (write: (head: string, text?: string) => void) => write("text/html", "<html>")]
  ])("asks for each job by itself where something on the way %s", async (_, answer) => {
    const server = await mocked()
    const there = await served(relayTo(server), {
      instead: ({ url = "" }, outgoing) => {
        if (!url.endsWith("/events")) return false
        answer((type, text) => {
          outgoing.writeHead(200, { "content-type": type })
          if (text !== undefined) outgoing.end(text)
        })
        return true
      }
    })
    const job = await client(there, { times: { firstByte: 100, poll: 50, polling: 60_000 } }).submit(slow)
    expect(tags(await statesOf(job)).at(-1)).toBe("Succeeded")
    expect(there.requests.filter((each) => each === "POST /events")).toHaveLength(2)
    expect(there.requests.filter((each) => each === "GET /jobs/<job>").length).toBeGreaterThan(1)
  })

  it("repeats a submission under its key until it is answered, and pays once", async () => {
    const server = await mocked()
    let lost = 0
    const there = await served(relayTo(server), {
      instead: ({ method, url = "" }, outgoing) => {
        if (method !== "POST" || !url.endsWith("/jobs") || lost > 1) return false
        lost += 1
        if (lost === 1) outgoing.writeHead(503, { "content-type": "text/html" }).end("<html>")
        else outgoing.destroy()
        return true
      }
    })
    await client(there).run({ prompt })
    expect(lost).toBe(2)
    expect(posts(server)).toBe(1)
  })

  it("is told once if it may not ask any more", async () => {
    const server = await mocked()
    let isOut = false
    const there = await served(relayTo(server), {
      instead: ({ url = "" }, outgoing) => {
        if (!isOut || !url.endsWith("/events")) return false
        outgoing.writeHead(401).end()
        return true
      }
    })
    const job = await client(there).submit(slow)
    isOut = true
    expect(await failure(job.result())).toMatchObject({ _tag: "JobError", problem: { status: 401 } })
    // The token is asked for anew once.
    expect(there.requests.filter((each) => each === "POST /events")).toHaveLength(2)
  })
})

describe.concurrent("a page that is loaded again", () => {
  it("asks under the same key for what has no answer yet, by itself or when the same is submitted, and pays once", async () => {
    const server = await mocked({ latency: 200 })
    const there = await served(relayTo(server))
    const storage = tabStorage()
    const first = client(there, { storage: () => storage })
    first.submit({ prompt }).catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 100))
    await first.close()
    const second = client(there, { storage: () => storage })
    await second.run({ prompt })
    await second.close()
    const third = client(there, { storage: () => storage })
    // Answered: the same wish is a new one now.
    await third.submit({ prompt })
    expect(posts(server)).toBe(2)
    third.submit({ prompt: "Another." }).catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, 100))
    await third.close()
    const fourth = client(there, { storage: () => storage })
    const lines: Array<number> = []
    fourth.jobs.subscribe((all) => void lines.push(all.length))
    await until(() => lines.at(-1) === 3)
    expect(posts(server)).toBe(3)
  })

  it("lists the jobs of before, follows the unfinished, and forgets by id", async () => {
    const server = await mocked()
    const there = await served(relayTo(server))
    await client(there).run({ prompt }, { label: "first" })
    const going = await client(there).submit(slow, { label: "second" })
    const again = client(there)
    expect(again.jobs.current()).toEqual([])
    const leave = again.jobs.subscribe(() => undefined)
    await until(() => again.jobs.current().length === 2)
    expect(again.jobs.current()).toMatchObject([
      { label: "first", status: "Succeeded" },
      { label: "second", id: going.id }
    ])
    await until(() => again.jobs.current().every(({ status }) => status === "Succeeded"))
    leave()
    expect(await again.forget(going.id)).toBe(1)
    expect(again.jobs.current()).toHaveLength(1)
    const later = client(there)
    later.jobs.subscribe(() => undefined)
    await until(() => later.jobs.current().length === 1)
    const [line] = later.jobs.current()
    expect((await line?.job?.result())?._tag).toBe("Succeeded")
  })

  it("finds no jobs of another user", async () => {
    const server = await mocked()
    const there = await served(relayTo(server))
    const job = await client(there).submit({ prompt })
    const bob = client(there, {}, "bob")
    const seen: Array<number> = []
    bob.jobs.subscribe((all) => void seen.push(all.length))
    expect(await failure(bob.attach(job.id))).toMatchObject({ reason: { _tag: "UnknownJob" } })
    await bob.run({ prompt })
    expect(bob.jobs.current()).toHaveLength(1)
    expect(bob.jobs.current()[0]?.id).not.toBe(job.id)
  })
})

describe.concurrent("two clients of one job", () => {
  it("are fed by one poller, which stops when both have left", async () => {
    const server = await mocked({ duration: 60_000 })
    const relay = relayTo(server, { watch: { pace: 100 } })
    const there = await served(relay)
    const [one, two] = [client(there), client(there)]
    const job = await one.submit({ prompt })
    const leaving = [job.subscribe(() => undefined), (await two.attach(job.id)).subscribe(() => undefined)]
    await until(() => polls(server) >= 3)
    const before = polls(server)
    const began = performance.now()
    await new Promise((resolve) => setTimeout(resolve, 700))
    expect(polls(server) - before).toBeLessThanOrEqual((performance.now() - began) / 100 + 1)
    for (const leave of leaving) leave()
    await until(() => relay.stats().watched === 0)
    // One that was under way ends within this.
    await new Promise((resolve) => setTimeout(resolve, 150))
    const left = polls(server)
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(polls(server)).toBe(left)
  })
})
