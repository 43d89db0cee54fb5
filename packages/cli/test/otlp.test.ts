import { spawn } from "node:child_process"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const file = fileURLToPath(new URL("../examples/otlp.ts", import.meta.url))

/** The part of OTLP over HTTP with JSON that the tests read (opentelemetry-proto 1.x, `trace.proto` and `metrics.proto`). */
interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly endTimeUnixNano: string
  readonly attributes: ReadonlyArray<{ readonly key: string; readonly value: Readonly<Record<string, unknown>> }>
  readonly links: ReadonlyArray<{ readonly spanId: string }>
}
interface Metric {
  readonly name: string
  readonly unit: string
  readonly sum?: { readonly isMonotonic: boolean }
  readonly gauge?: object
  readonly histogram?: object
}
interface Payload {
  readonly resourceSpans?: ReadonlyArray<{ readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<Span> }> }>
  readonly resourceMetrics?: ReadonlyArray<{ readonly scopeMetrics: ReadonlyArray<{ readonly metrics: ReadonlyArray<Metric> }> }>
}

/** A fake collector: it keeps what is posted. */
const collector = () => {
  const posts: Array<{ readonly path: string; readonly body: string }> = []
  const server = createServer((request, response) => {
    let body = ""
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk))
    request.on("end", () => {
      posts.push({ path: request.url ?? "", body })
      response.writeHead(200, { "content-type": "application/json" }).end("{}")
    })
  })
  const to = (path: string): ReadonlyArray<Payload> =>
    posts.filter((post) => post.path === path).map(({ body }): Payload => JSON.parse(body))
  return { posts, server, to }
}

const listening = (server: Server): Promise<string> =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${portOf(server.address())}`)))

const portOf = (address: AddressInfo | string | null): number => (typeof address === "object" && address !== null ? address.port : 0)

const ran = (
  env: Readonly<Record<string, string>>
): Promise<{ readonly out: string; readonly err: string; readonly code: number | null }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, ["--conditions=@reelay/source", "--disable-warning=ExperimentalWarning", file], {
      env: { ...process.env, ...env }
    })
    let out = ""
    let err = ""
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (out += chunk))
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (err += chunk))
    child.on("close", (code) => resolve({ out, err, code }))
  })

const kind = ({ gauge, histogram, sum }: Metric) =>
  gauge !== undefined ? "gauge" : histogram !== undefined ? "histogram" : sum?.isMonotonic === true ? "counter" : "sum"

describe("the otlp example", () => {
  const stand = collector()
  let ended: Awaited<ReturnType<typeof ran>> | undefined
  let spans: ReadonlyArray<Span> = []
  let metrics: ReadonlyArray<Metric> = []

  beforeAll(async () => {
    const url = await listening(stand.server)
    ended = await ran({ OTEL_EXPORTER_OTLP_ENDPOINT: url })
    spans = stand
      .to("/v1/traces")
      .flatMap(({ resourceSpans = [] }) => resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)))
    const last = stand.to("/v1/metrics").at(-1)
    metrics = (last?.resourceMetrics ?? []).flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
  }, 60_000)
  afterAll(() => void stand.server.close())

  it("runs, and prints the number of bytes", () => {
    expect(ended).toStrictEqual({ code: 0, err: "", out: expect.stringMatching(/^bytes: \d+\n$/u) })
  })

  it("sends one trace: the program's span, and under it the submission, the watch session with its polls, and the download", () => {
    const nameOf = (id: string | undefined): string => spans.find(({ spanId }) => spanId === id)?.name ?? ""
    expect(new Set(spans.map(({ name, parentSpanId }) => `${nameOf(parentSpanId)} > ${name}`))).toStrictEqual(
      new Set([
        "reelay.submit > reelay.submit.try",
        "film > reelay.submit",
        "reelay.job > reelay.poll",
        "film > reelay.job",
        "film > reelay.download",
        " > film"
      ])
    )
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
    expect(
      spans.filter(({ name }) => name === "reelay.job").flatMap(({ links }) => links.map((link) => nameOf(link.spanId)))
    ).toStrictEqual(["reelay.submit"])
  })

  it("records the result of each poll", () => {
    const polls = spans.filter(({ name }) => name === "reelay.poll")
    const said = polls.map(({ attributes }) => Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]])))
    expect(
      said
        .map((poll) => poll["reelay.attempt"])
        .map(Number)
        .toSorted((one, other) => one - other)
    ).toStrictEqual(polls.map((_, index) => index + 1))
    expect(said.find((poll) => poll["reelay.reading"] === "Succeeded")).toMatchObject({
      "reelay.provider": "xai",
      "reelay.job.kind": "generation",
      "server.address": "127.0.0.1"
    })
    expect(said.some((poll) => poll["reelay.reading"] === "Missed" && poll["error.type"] !== undefined)).toBe(true)
  })

  it("sends the metrics with their kinds and units", () => {
    const reelays = metrics.filter(({ name }) => name.startsWith("reelay."))
    expect(Object.fromEntries(reelays.map((metric) => [metric.name, `${kind(metric)} in ${metric.unit}`]))).toStrictEqual({
      "reelay.submits": "counter in 1",
      "reelay.jobs": "counter in 1",
      "reelay.jobs.watched": "gauge in 1",
      "reelay.polls": "counter in 1",
      "reelay.polls.failed": "counter in 1",
      "reelay.detection_lag": "histogram in s",
      "reelay.download.bytes": "counter in By"
    })
  })

  it("sends neither the key nor a signature", () => {
    const all = stand.posts.map(({ body }) => body).join("\n")
    expect(all).toContain("reelay.job")
    expect(all).not.toMatch(/sk-of-the-example|signature=|red fox/u)
  })
})
