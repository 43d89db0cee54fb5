/**
 * A gateway over an upstream: a provider that passes its jobs on to another one, keeps what it last heard of each in its own statuses and under its own
 * id, and masks the upstream's errors. It polls the upstream when it is polled itself, as it has no timer.
 */
import type { Answer } from "../answer/Answer.ts"
import type { Body } from "../base/body.ts"

/** Where a task is, as the gateway reports it to its client. */
export interface TaskStatus {
  readonly at: "submitted" | "queued" | "running" | "ended"
  /** Default: false. */
  readonly hasFailed?: boolean
  /** The URL of the file. Default: none. */
  readonly link?: string
}

/** What stays the same of a task. */
export interface TaskHead {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly submittedAt: number
}

/** What a gateway is, as its author writes it. `Kept` is what it keeps of a task: a value that is never changed. */
export interface GatewayDefinition<Kept> {
  /** The name of the provider that has its jobs. The same mock has to play it. */
  readonly upstream: string
  /** The name of the provider whose surface it has: what journal and floors call it. Default: its own name. */
  readonly surface?: string
  /** The upstream's path for one of its own submissions. Default: the same. */
  readonly pathOf?: (path: string) => string
  /** The upstream's body for one of its own; `prompt` is what is left for the upstream. Default: the same with that prompt. */
  readonly bodyOf?: (body: Body, prompt: string) => Body
  /** The id in an answer of the upstream's to a submission; `undefined` if it gave none. */
  readonly idIn: (answer: Answer) => string | undefined
  /** What it says of a submission that the upstream has taken. */
  readonly accepted: (task: TaskHead) => Answer
  /** What it says of a submission that the upstream refused, or, without an answer, that it lost. */
  readonly masked: (answer: Answer | undefined) => Answer
  /** What it keeps of a task that was just submitted. */
  readonly begin: Kept
  /** What an answer of the upstream's makes of that; the same value if it changes nothing. `now`: milliseconds since the epoch. */
  readonly hear: (before: Kept, answer: Answer, now: number) => Kept
  /** The task as one that the gateway itself made fail. */
  readonly failed: (before: Kept) => Kept
  /** The task as running, after its end was told: what the fault `goes-back` shows. */
  readonly running: Kept
  readonly status: (kept: Kept) => TaskStatus
  /** Its answer to a poll. */
  readonly write: (task: TaskHead, kept: Kept) => Answer
}

/** A task as it was last heard of. */
export interface Task extends TaskStatus {
  readonly hear: (answer: Answer, now: number) => Task
  readonly failed: () => Task
  readonly running: () => Task
  readonly write: (task: TaskHead) => Answer
}

/** A gateway, whatever it keeps. Made by `gateway`. */
export interface Gateway extends Required<
  Pick<GatewayDefinition<never>, "upstream" | "pathOf" | "bodyOf" | "idIn" | "accepted" | "masked">
> {
  readonly surface?: string
  readonly begin: () => Task
}

/** The gateway of a provider. */
export const gateway = <Kept>(definition: GatewayDefinition<Kept>): Gateway => {
  const taskOf = (kept: Kept): Task => ({
    ...definition.status(kept),
    hear: (answer, now) => taskOf(definition.hear(kept, answer, now)),
    failed: () => taskOf(definition.failed(kept)),
    running: () => taskOf(definition.running),
    write: (task) => definition.write(task, kept)
  })
  return {
    upstream: definition.upstream,
    ...(definition.surface === undefined ? {} : { surface: definition.surface }),
    pathOf: definition.pathOf ?? ((path) => path),
    bodyOf: definition.bodyOf ?? ((body, prompt) => ({ ...body, prompt })),
    idIn: definition.idIn,
    accepted: definition.accepted,
    masked: definition.masked,
    begin: () => taskOf(definition.begin)
  }
}
