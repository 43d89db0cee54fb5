/**
 * What a provider is to the mock: its routes, its rules for a request, and how it writes an answer.
 *
 * Nothing here or in the dialects comes from the client's code; both sides know each other only through the vendors' documents.
 */
import type { Answer } from "../answer/Answer.ts"
import type { Body } from "../base/body.ts"
import type { Provider } from "../base/names.ts"
import type { Shape } from "../base/rules.ts"
import type { Life, Moment, Script } from "../script/Script.ts"

/** What an accepted request asks for. */
interface Submission {
  readonly prompt: string
  readonly model: string
  /** Length of the video that will be handed out: seconds. */
  readonly seconds: number
}

export interface Job extends Submission {
  readonly id: string
  readonly provider: Provider
  readonly script: Script
  /** What the script's dice made of it. */
  readonly life: Life
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

/** A job at a moment, with all that its provider may write about it. */
export interface Scene {
  readonly job: Job
  readonly moment: Moment
  /** When it ended, or will have: milliseconds since the epoch. */
  readonly finishedAt: number
  /** A signed URL of the finished file. */
  readonly url: string
}

/** Why a request gets no regular answer. */
export type Reason = "Unauthorized" | "Invalid" | "Unsupported" | "TooLarge" | "UnknownJob" | "UnknownRoute" | "WrongMethod" | "RateLimited"

/** The usual HTTP status of a reason, where the provider has no other. */
export const statusOf: Readonly<Record<Reason, number>> = {
  Unauthorized: 401,
  Invalid: 400,
  Unsupported: 415,
  TooLarge: 413,
  UnknownJob: 404,
  UnknownRoute: 404,
  WrongMethod: 405,
  RateLimited: 429
}

export interface Submit extends Shape {
  /** Below the provider's base URL. */
  readonly path: string
  readonly media: ReadonlyArray<"application/json" | "multipart/form-data">
  /** Fields that are files, in a form. */
  readonly files?: ReadonlyArray<string>
  /** Called only with a body that was not refused. */
  readonly read: (body: Body) => Submission
}

export interface Content {
  readonly path: string
  readonly unknown: Answer
  /** Why there is no file at a moment; `undefined` if there is one. */
  readonly refuse: (moment: Moment) => Answer | undefined
}

export interface Dialect {
  readonly provider: Provider
  /** Path prefixes that clients may have in their base URL, "" included. */
  readonly prefixes: ReadonlyArray<string>
  readonly submits: ReadonlyArray<Submit>
  /** Paths with `{id}` in them. */
  readonly poll: string
  /** The provider's own endpoint for the file, if it has one. */
  readonly content?: Content
  readonly id: (uuid: string) => string
  readonly accepted: (job: Job) => Answer
  readonly write: (scene: Scene) => Answer
  readonly refuse: (reason: Reason, message: string) => Answer
  /** What a spoilt query says; absent where the provider has no such answer. */
  readonly queryFailed?: Answer
}

const seconds = (ms: number): number => Math.floor(ms / 1000)

/** When the job began and will have ended, in seconds since the epoch. */
export const created = (job: Job): number => seconds(job.createdAt)
export const finished = ({ finishedAt }: Scene): number => seconds(finishedAt)
