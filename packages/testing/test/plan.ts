/** Messages to and from a process that will be killed. */
import type { Journal } from "@reelay/core"
import { join } from "node:path"
import type { Name } from "./configured.ts"
import type { DiskMoment } from "./moments.ts"

export interface Plan {
  readonly provider: Name
  readonly url: string
  readonly journal: string
  readonly videos: string
  readonly order: "resume first" | "batches first" | "at once"
  readonly batches: Readonly<Record<string, ReadonlyArray<string>>>
  readonly singles: ReadonlyArray<string>
  readonly disk?: DiskMoment | undefined
  /** A journal that breaks a promise, to see that the tests catch it. */
  readonly broken?: Broken | undefined
}

export type Broken = "writes no intent" | "sends an intent again" | "gives a claim to everybody"

/** The report of a victim that lives to its end. */
export interface Told {
  /** Jobs whose submission has an unknown outcome. */
  readonly unknown: ReadonlyArray<string>
  /** Everything else that went wrong. */
  readonly errors: ReadonlyArray<string>
}

/** One in five fails at the provider. */
export const promptOf = (name: string): string => `Film ${name}. ${/[49]$/u.test(name) ? "mock:fail" : ""}`
export const nameOf = ({ batch, key, label }: Journal.Entry): string => (batch === undefined ? (label ?? "") : `${batch}/${key}`)

export const videoOf = (folder: string, name: string): string => join(folder, `${name.replace("/", ".")}.mp4`)
