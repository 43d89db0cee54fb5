/** A JobError as the browser may see it: the reason and what it means for the money, without addresses, accounts and ids of the provider. */
import type { JobError, Reason } from "@reelay/core/JobError"
import { Refused, problem } from "../access/refuse.ts"
import type { Problem } from "../wire/Problem.ts"

/** Fields that a user sets: a rule about another is about the server's configuration. */
const ofRequest = /^(mode|prompt|model|duration|aspectRatio|resolution|images|video|options|request|provider)\b/u

const titles: Readonly<Record<Reason["_tag"], readonly [status: number, title: string]>> = {
  InvalidRequest: [400, "The request is invalid"],
  Unauthorized: [502, "The provider does not accept the server's key"],
  PaymentRequired: [402, "The account has no money left for this"],
  SubmitRejected: [422, "The provider did not accept the job"],
  SubmitUnknown: [409, "Nobody knows whether the job exists"],
  RateLimited: [429, "The provider is busy"],
  Unreachable: [502, "The provider could not be reached"],
  PollRejected: [502, "The provider refused to tell about the job"],
  BadPayload: [502, "The provider's answers were unreadable"],
  NotFound: [404, "The provider does not know the job"],
  DeadlineExceeded: [504, "The job was still running at its deadline"],
  DownloadFailed: [502, "The video could not be fetched"],
  ArtifactTooLarge: [502, "The video is too large"],
  ForbiddenAddress: [502, "The video is at a forbidden address"],
  JournalFailed: [503, "The relay's journal failed"]
}

/** The problem of an error. */
export const problemOf = (error: JobError): Problem => {
  const { operation, reason, ref } = error
  const clean = (text: string): string => cleaned(text, ref === undefined ? [] : [ref.id, ref.account, host(ref.baseUrl)])
  const [status, title] = titles[reason._tag]
  const nothingMade = operation === "submit" && ref === undefined
  if (reason._tag === "InvalidRequest") {
    if (!ofRequest.test(reason.field))
      return {
        ...problem("Internal", { status: 500, title: "The relay failed" }, "The server's configuration is wrong.", "never"),
        billed: "no"
      }
    const { field } = reason
    const rule = clean(reason.rule)
    return {
      ...problem("InvalidRequest", { status, title }, `${field} ${rule}.`, "never"),
      field,
      rule,
      ...(nothingMade ? { billed: "no" as const } : {})
    }
  }
  const body = problem(reason._tag, { status, title }, clean(detailOf(reason)), error.again)
  return nothingMade ? { ...body, billed: reason._tag === "SubmitUnknown" ? "unknown" : "no" } : body
}

/** The answer of a failed call. */
export const refusedBy = (error: JobError): Refused =>
  new Refused(problemOf(error), error.reason._tag === "RateLimited" || error.reason._tag === "JournalFailed" ? { "retry-after": "5" } : {})

const detailOf = (reason: Reason): string => {
  switch (reason._tag) {
    case "InvalidRequest":
      return `${reason.field} ${reason.rule}`
    case "SubmitRejected":
    case "PollRejected":
      return reason.detail
    case "SubmitUnknown":
      return "The submission was sent, and no answer says whether it was accepted. The job may exist and be billed, so it was not sent again."
    case "RateLimited":
    case "Unreachable":
    case "NotFound":
    case "PaymentRequired":
      return reason.detail
    case "Unauthorized":
      return "The server's key is missing, wrong, or of another account."
    case "BadPayload":
      return "Only unreadable answers came within the budget."
    case "DeadlineExceeded":
      return `The job was still ${reason.lastState} after ${reason.deadline / 1000} s. It may still finish.`
    case "DownloadFailed":
      return "The video exists, and could not be fetched now."
    case "ArtifactTooLarge":
      return `The video is larger than the limit of ${reason.limitBytes} bytes.`
    case "ForbiddenAddress":
      return "The video's address may not be opened."
    case "JournalFailed":
      return "The journal can't be read or written now."
  }
}

const host = (url: string): string => (URL.canParse(url) ? new URL(url).host : url)

/** Takes addresses out of a text of a provider's, and what names its job or the account. */
export const cleaned = (text: string, secrets: ReadonlyArray<string | undefined> = []): string =>
  secrets
    .reduce<string>(
      (shown, secret) => (secret === undefined || secret.length < 3 ? shown : shown.replaceAll(secret, "…")),
      text.replaceAll(/\b[a-z][a-z\d+.-]*:(?:\\?\/){2}[^\s"'<>]*/giu, "…")
    )
    .slice(0, 500)
