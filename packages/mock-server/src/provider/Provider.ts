/**
 * What a provider is to the mock: a value that says where its endpoints are, what it takes, and how it writes an answer. The mock's routes, its
 * contract, its faults, its guard and its ledger follow from it; a provider of your own is given with `Mock.make({ providers: [acme] })`.
 *
 * Nothing here or in the providers comes from the client's code; both sides know each other only through the vendors' documents.
 *
 * @since 0.1.0
 */
import type { Answer } from "../answer/Answer.ts"
import type { Recorded } from "../answer/Recorded.ts"
import type { Body } from "../base/body.ts"
import type { Json, Shape } from "../base/Rules.ts"
import type { Ending, Life, Moment, Script } from "../script/Script.ts"
import type { Contract } from "./Contract.ts"
import type { Gateway } from "./Gateway.ts"

/** @category models */
export type { Answer, Body, Ending, Life, Moment, Recorded, Script }
/** @category models */
export { type Contract, each, type Form, nowhere, refusals, type Replies, type Reply } from "./Contract.ts"
/** @category models */
export { type Gateway, gateway, type GatewayDefinition, type TaskStatus, type TaskHead } from "./Gateway.ts"

/**
 * What an accepted request asks for.
 *
 * @category models
 * @since 0.1.0
 */
export interface Asked {
  readonly prompt: string
  readonly model: string
  /** Length of the video that will be handed out: seconds. */
  readonly seconds: number
  /** It names an address of the client's to which the provider puts the video: then a success is `delivered`. Default: false. */
  readonly isDelivered?: boolean
}

/** @category models */
export interface Job extends Asked {
  readonly id: string
  /** The provider's name. */
  readonly provider: string
  readonly script: Script
  /** What the script's dice made of it. */
  readonly life: Life
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

/**
 * A job at a moment, with all that its provider may write about it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Scene {
  readonly job: Job
  readonly moment: Moment
  /** When it ended, or will have: milliseconds since the epoch. */
  readonly finishedAt: number
  /** A signed URL of the finished file. */
  readonly url: string
}

/**
 * Why a request gets no regular answer.
 *
 * @category models
 * @since 0.1.0
 */
export type Reason = "Unauthorized" | "Invalid" | "Unsupported" | "TooLarge" | "UnknownJob" | "UnknownRoute" | "WrongMethod" | "RateLimited"

/**
 * The usual HTTP status of a reason, if the provider has no other.
 *
 * @category constants
 * @since 0.1.0
 */
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

/**
 * One endpoint to which a job is submitted. What its body must be is a `Shape` of `@reelay/mock-server/Rules`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Submit extends Shape {
  /** Below the provider's base URL. */
  readonly path: string
  /** What it does, in one line. */
  readonly summary: string
  /** The cheapest body that it takes. */
  readonly example: Json
  readonly media: ReadonlyArray<"application/json" | "multipart/form-data">
  /** Whether it can put the video at an address of the client's. Default: false, and a script that ends so ends as `succeeded`. */
  readonly delivers?: boolean
  /** Fields that are files, in a form. Default: none. */
  readonly files?: ReadonlyArray<string>
  /** Called only with a body that was not refused. */
  readonly read: (body: Body) => Asked
}

/**
 * The provider's own endpoint for the file.
 *
 * @category models
 * @since 0.1.0
 */
export interface Content {
  /** With `{id}` in it. */
  readonly path: string
  readonly unknown: Answer
  /** Why there is no file at a moment; `undefined` if there is one. */
  readonly refuse: (moment: Moment) => Answer | undefined
}

/**
 * Where the real provider is, as its documents have it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Vendor {
  /** As a client has it: `https://api.acme.example/v2`. */
  readonly baseUrl: string
  /** With all hosts below it: other regions, files, accounts. While a guard is installed, none of them is reached. */
  readonly domain: string
}

/**
 * A provider as the mock plays it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Provider {
  /** The first part of its paths on the mock's server, and what journal, jobs and ledger call it: letters, digits, `.`, `+`, `-`. */
  readonly name: string
  /** Path prefixes that clients may have in their base URL, "" included. */
  readonly prefixes: ReadonlyArray<string>
  readonly submits: ReadonlyArray<Submit>
  /** The path of a poll, with `{id}` in it. */
  readonly poll: string
  /** Default: none; the file is at the URL that a poll gives. */
  readonly content?: Content
  readonly id: (uuid: string) => string
  readonly accepted: (job: Job) => Answer
  readonly write: (scene: Scene) => Answer
  readonly refuse: (reason: Reason, message: string) => Answer
  /** What a poll says that failed, with HTTP 200; the fault `query-failed`. Default: it has no such answer. */
  readonly queryFailed?: Answer
  /** It has one status for all that comes before the end, so that a client may take a job that waits for one that runs. Default: false. */
  readonly isVague?: true
  /**
   * What it answers, as schemas: `openapi.json` and `docs` are made from it, and `Verify` compares an endpoint with it. Loaded when it is asked
   * for. Default: none.
   */
  readonly contract?: () => Promise<Contract>
  /** Documented answers, by name: the examples of its contract. Those whose name begins with `error.` are faults, too. Default: none. */
  readonly fixtures?: Readonly<Record<string, Recorded>>
  /** Default: nowhere; there is nothing to guard, and no address that MSW could answer at. */
  readonly vendor?: Vendor
  /** Dollars for a second of video. Default: 0.05. */
  readonly price?: number
  /** It passes its jobs on to another provider of the same mock. Default: the jobs are its own. */
  readonly gateway?: Gateway
}

const seconds = (ms: number): number => Math.floor(ms / 1000)

/**
 * When the job began, in seconds since the epoch.
 *
 * @category getters
 * @since 0.1.0
 */
export const created = (job: Job): number => seconds(job.createdAt)

/**
 * When the job will have ended, in seconds since the epoch.
 *
 * @category getters
 * @since 0.1.0
 */
export const finished = ({ finishedAt }: Scene): number => seconds(finishedAt)

/**
 * What journal, tasks and floors call a provider: its name, or of a gateway whose surface it has.
 *
 * @category getters
 * @since 0.1.0
 */
export const calledOf = ({ gateway, name }: Pick<Provider, "gateway" | "name">): string => gateway?.surface ?? name
