/** `pnpm soak --seed N --jobs N`: a long run. Of the default number of jobs some 10,000 are accepted. */
import { parseArgs } from "node:util"
import { engine } from "./play.ts"
import { again, isGood, report, shrunk, soak } from "./soak.ts"

const { values } = parseArgs({
  // npm removes the `--` before them, and pnpm passes it on.
  args: process.argv.slice(2).filter((each) => each !== "--"),
  options: {
    seed: { type: "string" },
    jobs: { type: "string", default: "16000" },
    first: { type: "string", default: "0" }
  }
})

const whole = (name: string, text: string, least: number): number => {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= least) return number
  process.stderr.write(`--${name} takes a whole number of ${least} or more; "${text}" is none.\n`)
  process.exit(2)
}

const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : whole("seed", values.seed, 0)
const jobs = whole("jobs", values.jobs, 1)
const first = whole("first", values.first, 0)

process.stdout.write(`Soak: seed ${seed}, ${jobs} jobs.\n`)
const result = await soak({
  engine,
  seed,
  jobs,
  first,
  onWorld: (worlds, total) => {
    if (worlds % 25 === 0) process.stderr.write(`  ${worlds} of ${total} worlds\n`)
  }
})
process.stdout.write(`${report(result)}\n`)
const [worst] = result.violations
if (worst !== undefined) {
  const least = await shrunk(engine, seed, worst)
  process.stdout.write(`The least world with "${worst.rule}": ${again(seed, least)}\n`)
}
process.exitCode = isGood(result) ? 0 : 1
