/** A provider that is not of this package, and a gateway over another one, written with what everybody can import. */
import { type Provider, each, gateway, nowhere, refusals, statusOf } from "@reelay/mock-server/Provider"
import * as Rules from "@reelay/mock-server/Rules"
import * as Schema from "effect/Schema"

const Accepted = Schema.Struct({ job: Schema.String }).annotate({ identifier: "Accepted" })

const Job = Schema.Struct({
  job: Schema.String,
  state: Schema.Literals(["waiting", "working", "ready", "broken"]),
  percent: Schema.optionalKey(Schema.Finite),
  file: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "Job" })

const Problem = Schema.Struct({ problem: Schema.String }).annotate({ identifier: "Problem" })

export const acme: Provider = {
  name: "acme",
  prefixes: ["", "/v2"],
  submits: [
    {
      path: "/films",
      summary: "Make a film",
      example: { prompt: "A candle", length: 2 },
      media: ["application/json"],
      ...Rules.body({
        prompt: { check: Rules.filled, required: true },
        length: { check: Rules.integer(1, 5), note: "Seconds; default 3." }
      }),
      read: (body) => ({ prompt: String(body["prompt"]), model: "acme-1", seconds: Number(body["length"] ?? 3) })
    }
  ],
  poll: "/films/{id}",
  content: {
    path: "/films/{id}/file",
    unknown: { status: 404, body: { problem: "no such film" } },
    refuse: (moment) => (moment._tag === "Ended" ? undefined : { status: 400, body: { problem: "not ready" } })
  },
  id: (uuid) => `film-${uuid}`,
  accepted: ({ id }) => ({ status: 201, body: { job: id } }),
  write: ({ job, moment, url }) => {
    switch (moment._tag) {
      case "Submitted":
      case "Queued":
        return { status: 200, body: { job: job.id, state: "waiting" } }
      case "Running":
        return { status: 200, body: { job: job.id, state: "working", percent: moment.progress } }
      case "Ended":
        return moment.ending === "succeeded"
          ? { status: 200, body: { job: job.id, state: "ready", file: url } }
          : { status: 200, body: { job: job.id, state: "broken" } }
    }
  },
  refuse: (reason, message) => ({ status: statusOf[reason], body: { problem: message === "" ? reason : message } }),
  contract: () =>
    Promise.resolve({
      title: "Acme films",
      document: "https://docs.acme.example",
      id: { inPath: "job", inAnswer: "job" },
      submit: { replies: { 201: { what: "Accepted.", form: Accepted }, ...each(Problem, refusals) } },
      poll: {
        summary: "Ask about a film",
        replies: {
          200: { what: "Where it is.", form: Job },
          ...each(Problem, { 401: "The key is wrong.", 404: "No such film.", 429: "Too many." })
        }
      },
      content: {
        summary: "Fetch a film",
        replies: {
          200: { what: "The file.", media: "video/mp4" },
          ...each(Problem, { 400: "It is not ready.", 401: "The key is wrong.", 404: "No such film." })
        }
      },
      ends: ["ready", "broken"],
      outside: each(Problem, nowhere)
    }),
  fixtures: {
    "error.closed": {
      request: "any",
      source: { document: "Acme films", heading: "Hours", url: "https://docs.acme.example/hours" },
      evidence: { body: "documented", status: "documented" },
      status: 423,
      body: { problem: "closed" }
    }
  },
  vendor: { baseUrl: "https://api.acme.example/v2", domain: "acme.example" },
  price: 0.5
}

/** Acme's surface over xAI: it keeps the last payload that it heard. */
export const acmeOverXai: Provider = {
  ...acme,
  name: "acme+xai",
  gateway: gateway<{ readonly state: string; readonly file?: string }>({
    upstream: "xai",
    pathOf: () => "/v1/videos/generations",
    bodyOf: (body, prompt) => ({ prompt, duration: body["length"] ?? 3 }),
    idIn: ({ body }) => (Rules.isRecord(body) && typeof body["request_id"] === "string" ? body["request_id"] : undefined),
    accepted: ({ id }) => ({ status: 201, body: { job: id } }),
    masked: (answer) => ({ status: 502, body: { problem: answer === undefined ? "nobody answered" : "upstream refused" } }),
    begin: { state: "waiting" },
    hear: (before, { body }) => {
      const status = Rules.isRecord(body) ? body["status"] : undefined
      const video = Rules.isRecord(body) && Rules.isRecord(body["video"]) ? body["video"] : {}
      if (status === "pending") return { state: "working" }
      if (status === "done") return { state: "ready", file: String(video["url"]) }
      return status === "failed" ? { state: "broken" } : before
    },
    failed: () => ({ state: "broken" }),
    running: { state: "working" },
    status: ({ file, state }) => ({
      at: state === "waiting" ? "queued" : state === "working" ? "running" : "ended",
      hasFailed: state === "broken",
      ...(file === undefined ? {} : { link: file })
    }),
    write: ({ id }, kept) => ({ status: 200, body: { job: id, ...kept } })
  })
}
