/** new-api's answer to a query: a task in an envelope, with the upstream's payload inside. CometAPI and GeekNow are built on it. */
import { Dialect, type Reading, Text } from "@reelay/core"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { costOf, failed } from "./parts.ts"
import { Payload, readers } from "./xaiPayload.ts"

/** new-api's task model. `UNKNOWN` follows a submission (new-api#5045) and isn't terminal. */
export const taskStatuses = {
  NOT_START: "queued",
  SUBMITTED: "queued",
  QUEUED: "queued",
  IN_PROGRESS: "running",
  FAILURE: "failed",
  SUCCESS: "succeeded",
  UNKNOWN: "queued"
} as const satisfies Dialect.Statuses

const outerKind = Dialect.lookup(taskStatuses)
const innerKind = Dialect.lookup({})
const inner = readers("upstream")

const Task = Schema.Struct({
  status: Dialect.lenient(Schema.String),
  progress: Dialect.lenient(Schema.Unknown),
  finish_time: Dialect.lenient(Schema.Unknown)
})
type Task = typeof Task.Type

const decodeTask = Schema.decodeUnknownOption(Task)
const decodePayload = Schema.decodeUnknownOption(Payload)

/** Fields that a task has and a payload has not. */
const own = ["task_id", "fail_reason", "result_url", "submit_time", "finish_time", "data"] as const

const isTask = (json: unknown): boolean =>
  typeof json === "object" &&
  json !== null &&
  (own.some((name) => name in json) || ("status" in json && Object.hasOwn(taskStatuses, String(json.status))))

/** Reads what is in the envelope, if it is a task. */
export const readTask = (json: unknown): Reading.Reading | undefined => {
  if (!isTask(json)) return undefined
  const task = Option.getOrElse(decodeTask(json), (): Task => ({}))
  const content = Dialect.contentOf(json)
  const payload = Option.getOrElse(decodePayload(content), (): Payload => ({}))
  return ended(reading(task, payload, json, content), task)
}

/** A terminal status of the payload wins; without one the task's own status decides, as the gateway's. */
const reading = (task: Task, payload: Payload, json: unknown, content: unknown): Reading.Reading | undefined => {
  const nested = payload.status === undefined ? undefined : innerKind(payload.status)
  const outer = task.status === undefined ? undefined : outerKind(task.status)
  if (nested !== undefined && isTerminal(nested)) {
    // The task may have links and reasons of its own: its `fail_reason` is the link of a success, and the reason of a failure.
    const told = inner[nested](payload, nested === "succeeded" || !hasReason(content) ? json : content)
    return told === undefined ? undefined : Dialect.knowing(payload.status, told)
  }
  switch (outer) {
    case "failed":
      return Dialect.knowing(task.status, failed(json, { origin: "gateway", ...costOf(payload, "upstream") }))
    case "succeeded":
      // The gateway is ahead of its provider, or has no status from it at all.
      if (payload.status !== undefined) return nested === undefined ? unrecognised(payload.status) : running(task, payload)
      return inner.succeeded(payload, json)
    case "running":
      return running(task, payload)
    case "queued":
      return nested === "running" ? running(task, payload) : { _tag: "Queued" }
    case "expired":
    case "cancelled":
      return inner[outer](payload, content)
    case undefined:
      if (nested !== undefined) return inner[nested](payload, content)
      return task.status === undefined ? undefined : unrecognised(task.status)
  }
}

const isTerminal = (kind: Dialect.Kind): boolean => kind !== "queued" && kind !== "running"

const hasReason = (content: unknown): boolean => {
  const { code, message } = Dialect.reasonIn(content)
  return code !== undefined || message !== undefined
}

const unrecognised = (word: string): Reading.Unrecognised => ({ _tag: "Unrecognised", word: Text.excerpt(word) })

/** The progress that the provider reports; otherwise the one that the gateway makes up for its status. */
const running = ({ progress }: Task, payload: Payload): Reading.Running => {
  const reported = Dialect.fraction(payload.progress)
  return reported === undefined
    ? { _tag: "Running", progress: Dialect.fraction(progress), progressSource: "estimated" }
    : { _tag: "Running", progress: reported, progressSource: "reported" }
}

/** Adds the end time that the gateway reports. `finish_time` is 0 until then. */
const ended = (told: Reading.Reading | undefined, { finish_time }: Task): Reading.Reading | undefined => {
  switch (told?._tag) {
    case "Succeeded":
    case "Failed":
    case "Cancelled":
      return { ...told, endedAt: Dialect.epochMillis(finish_time) }
    // An expired result was finished long before the job expired.
    case "Expired":
    case "Queued":
    case "Running":
    case "Unrecognised":
    case "Missed":
    case "NotFound":
    case "Refused":
    case undefined:
      return told
  }
}
