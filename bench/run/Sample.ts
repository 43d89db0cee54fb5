/** A file of a run: a line of JSON about the machine, then one for each measurement. */
import { appendFileSync, mkdirSync, readFileSync } from "node:fs"
import { dirname } from "node:path"
import type { Phase, Result } from "../measure/Task.ts"
import type { Name } from "../rows.ts"

/** Where a run was made, and of what. */
export interface Setting {
  readonly date: string
  readonly processor: string
  readonly cores: number
  /** In GiB. */
  readonly memory: number
  readonly system: string
  readonly node: string
  /** The commit of the checkout; with a star where it was changed since. */
  readonly commit: string
  /** How many processes wanted a core before anything was measured: the machine is not idle above 0.5 or so. */
  readonly load: number
  /** Of every package that is measured. */
  readonly versions: Readonly<Record<string, string>>
}

export interface Sample {
  readonly row: Name
  readonly round: number
  readonly phase: Phase
  /** Absent where it failed. */
  readonly result?: Exclude<Result, null>
  readonly failure?: string
}

export interface Run {
  readonly setting: Setting
  readonly samples: ReadonlyArray<Sample>
}

export const begin = (file: string, setting: Setting): void => {
  mkdirSync(dirname(file), { recursive: true })
  append(file, setting)
}

export const append = (file: string, line: Setting | Sample): void => appendFileSync(file, `${JSON.stringify(line)}\n`)

/** The measurements of several files, under the setting of the first. Rounds of different files are different rounds. */
export const read = (files: ReadonlyArray<string>): Run => {
  const runs = files.map((file): Run => {
    const [setting, ...samples] = readFileSync(file, "utf8").trim().split("\n")
    if (setting === undefined) throw new Error(`${file} is empty`)
    return { setting: JSON.parse(setting), samples: samples.map((line) => JSON.parse(line)) }
  })
  const [first] = runs
  if (first === undefined) throw new Error("There is no file to read")
  return {
    setting: first.setting,
    samples: runs.flatMap(({ samples }, at) => samples.map((sample) => ({ ...sample, round: sample.round + at * 1000 })))
  }
}
