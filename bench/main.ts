/** `npm run bench`: measures, prints the tables, and writes them with a picture. Nothing here is a test. */
import { mkdirSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Figures } from "./report/Figures.ts"
import { markdown } from "./report/markdown.ts"
import { pictures } from "./report/svg.ts"
import { load, names, reference } from "./rows.ts"
import { type Options, parse, usage } from "./run/options.ts"
import { plan } from "./run/plan.ts"
import { measure } from "./run/processes.ts"
import { append, begin, read, type Run, type Sample } from "./run/Sample.ts"
import { settingOf } from "./run/setting.ts"

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

const placeOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

const optionsOf = (args: ReadonlyArray<string>): Options => {
  try {
    const options = parse(args)
    if (options !== "help") return options
    process.stdout.write(usage)
    process.exit(0)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exit(2)
  }
}

/** Measures step after step; each is in the file as soon as it is known, so that nothing is lost of a run that is stopped. */
const run = async (options: Options): Promise<Run> => {
  const setting = await settingOf(options.rows)
  const file = placeOf(`out/${setting.date.replaceAll(/\D/gu, "")}.jsonl`)
  begin(file, setting)
  const steps = plan(options)
  const samples: Array<Sample> = []
  const began = performance.now()
  const most = options.jobs.some((jobs) => jobs > 10_000) ? 900_000 : 180_000
  for (const [at, { round, row, task }] of steps.entries()) {
    const left = at === 0 ? "" : `, ${Math.ceil((((performance.now() - began) / at) * (steps.length - at)) / 60_000)} min left`
    process.stderr.write(
      `${at + 1} of ${steps.length}${left}: round ${round + 1}, ${task.phase}${"jobs" in task ? ` ${task.jobs}` : ""}, ${row}\n`
    )
    const sample = await sampled({ row, round, phase: task.phase }, () => measure(row, task, most))
    if (sample === undefined) continue
    if (sample.failure !== undefined) process.stderr.write(`${sample.failure}\n`)
    samples.push(sample)
    append(file, sample)
  }
  say(`The measurements are in bench/out/${file.slice(file.lastIndexOf("/") + 1)}: --from writes their report again.`)
  return { setting, samples }
}

const sampled = async (sample: Sample, work: () => ReturnType<typeof measure>): Promise<Sample | undefined> => {
  try {
    const result = await work()
    return result === null ? undefined : { ...sample, result }
  } catch (error) {
    return { ...sample, failure: error instanceof Error ? error.message : String(error) }
  }
}

const options = optionsOf(process.argv.slice(2))
const { samples, setting } = options.from.length === 0 ? await run(options) : read(options.from)
const figures = new Figures(samples)
const rows = await Promise.all(names.filter((name) => figures.has(name)).map(async (name) => ({ name, row: await load(name) })))
const failures = samples.flatMap(({ failure, phase, round, row }) =>
  failure === undefined ? [] : [`${row}, ${phase}, round ${round + 1}: ${failure.split("\n")[0]}`]
)
const report = markdown({ setting, rows, figures, failures, pictures: { first: "results.svg", others: "results-others.svg" } })
say(report)
// What stands in the repository is a whole run.
const isWhole = [1000, 10_000].every((jobs) => figures.rounds(reference, jobs) >= 5) && rows.length === names.length
const folder = isWhole ? "" : "out/"
mkdirSync(placeOf(folder === "" ? "." : folder), { recursive: true })
writeFileSync(placeOf(`${folder}RESULTS.md`), report)
const { first, others } = pictures(rows, figures)
writeFileSync(placeOf(`${folder}results.svg`), first)
writeFileSync(placeOf(`${folder}results-others.svg`), others)
say(`Written: bench/${folder}RESULTS.md, with results.svg and results-others.svg`)
