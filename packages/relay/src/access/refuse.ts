/** Refusing a request: one exception, and the answer that is made of it. */
import type { Again } from "@reelay/core/JobError"
import type { Problem, ProblemReason } from "../wire/Problem.ts"

/** Thrown anywhere in a route; the handler answers with it. */
export class Refused extends Error {
  override readonly name = "Refused"
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>

  constructor(problem: Problem, headers: Readonly<Record<string, string>> = {}) {
    super(problem.detail)
    this.problem = problem
    this.headers = headers
  }
}

interface Rule {
  readonly status: number
  readonly title: string
}

const rules = {
  BadRequest: { status: 400, title: "The request is invalid" },
  Unauthenticated: { status: 401, title: "Sign in first" },
  Forbidden: { status: 403, title: "This request is not allowed" },
  UnknownRoute: { status: 404, title: "There is nothing here" },
  UnknownJob: { status: 404, title: "There is no such job" },
  MethodNotAllowed: { status: 405, title: "This method is not allowed here" },
  NotAcceptable: { status: 406, title: "An event stream must be accepted" },
  KeyReused: { status: 409, title: "The Idempotency-Key belongs to another request" },
  NotReady: { status: 409, title: "The video is not finished" },
  NoVideo: { status: 409, title: "The job ended without a video" },
  HandleExpired: { status: 410, title: "The name of the job has expired" },
  BodyTooLarge: { status: 413, title: "The body is too large" },
  NotJson: { status: 415, title: "The body must be JSON" },
  TooManyRequests: { status: 429, title: "Too many requests" },
  TooManyJobs: { status: 429, title: "Too many jobs at a time" },
  TooManyStreams: { status: 429, title: "Too many event streams at a time" },
  Closing: { status: 503, title: "The relay is shutting down" },
  Internal: { status: 500, title: "The relay failed" }
} as const satisfies Partial<Record<ProblemReason, Rule>>

/** Refuses for a reason of the relay's own. `again`: what may be repeated. Default: nothing. */
export const refuse = (
  reason: keyof typeof rules,
  detail: string,
  {
    again = "never",
    headers = {},
    ...more
  }: { readonly again?: Again; readonly headers?: Readonly<Record<string, string>> } & Pick<Problem, "field" | "rule"> = {}
): Refused => new Refused({ ...problem(reason, rules[reason], detail, again), ...more }, headers)

/** The type, the title and the rest of a problem. */
export const problem = (reason: ProblemReason, { status, title }: Rule, detail: string, again: Again): Problem => ({
  type: `urn:reelay:problem:${reason}`,
  title,
  status,
  detail,
  reason,
  again
})

/** The answer. */
export const answerOf = ({ headers, problem: body }: Refused): Response =>
  new Response(JSON.stringify(body), {
    status: body.status,
    headers: { ...headers, "content-type": "application/problem+json", "cache-control": "no-store" }
  })
