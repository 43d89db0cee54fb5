import { parseArgs } from "node:util"
import { type Phase, phases } from "../measure/Task.ts"
import { isName, type Name, names, reference } from "../rows.ts"
import type { Choice } from "./plan.ts"

export interface Options extends Choice {
  /** Files of earlier runs: nothing is measured, their report is written. */
  readonly from: ReadonlyArray<string>
}

export const usage = `npm run bench -- [options]      what waiting for jobs costs, with Reelay and with others
npm run bench -- mock [options] what the mock server can answer

  --rounds 5                    a ratio is taken within a round, then the median
  --only raw-net,rxjs           these rows; the fetch loop is always there
  --phases ${phases.join(",")}
  --jobs 1000,10000             100000 measures memory, and that all of them come to their end
  --quick                       one round with 1,000 jobs, for a first look
  --from bench/out/x.jsonl,...  the report of earlier runs

Rows: ${names.join(", ")}
`

/** Throws an Error that says what is wrong with the arguments. */
export const parse = (args: ReadonlyArray<string>): Options | "help" => {
  const { values } = parseArgs({
    // npm takes the `--` before them for itself, and pnpm hands it on.
    args: args.filter((each) => each !== "--"),
    options: {
      rounds: { type: "string" },
      only: { type: "string" },
      phases: { type: "string" },
      jobs: { type: "string" },
      quick: { type: "boolean", default: false },
      from: { type: "string", default: "" },
      help: { type: "boolean", default: false }
    }
  })
  if (values.help) return "help"
  const rounds = whole("rounds", values.rounds ?? (values.quick ? "1" : "5"))
  const jobs = list(values.jobs ?? (values.quick ? "1000" : "1000,10000")).map((text) => whole("jobs", text))
  return {
    rounds,
    jobs: [...new Set(jobs)].toSorted((one, other) => one - other),
    rows: rowsOf(values.only),
    phases: values.phases === undefined ? phases : list(values.phases).map(phaseOf),
    from: list(values.from)
  }
}

const list = (text: string): ReadonlyArray<string> => text.split(",").filter((each) => each !== "")

const whole = (name: string, text: string): number => {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new Error(`--${name} is "${text}"; it takes whole numbers of at least 1`)
}

const phaseOf = (text: string): Phase => {
  const phase = phases.find((each) => each === text)
  if (phase !== undefined) return phase
  throw new Error(`There is no phase "${text}". There are: ${phases.join(", ")}`)
}

const rowsOf = (text: string | undefined): ReadonlyArray<Name> => {
  if (text === undefined) return names
  const wanted = list(text)
  const unknown = wanted.find((each) => !isName(each))
  if (unknown !== undefined) throw new Error(`There is no row "${unknown}". There are: ${names.join(", ")}`)
  return names.filter((name) => name === reference || wanted.includes(name))
}
