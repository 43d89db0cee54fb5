// Started by scripts/mutants.mjs, in a copy of the checkout.
import { chosen } from "./groups.mjs"

const { mutate, name } = chosen()

export default {
  testRunner: "vitest",
  plugins: ["@stryker-mutator/vitest-runner"],
  vitest: { configFile: "mutants/vitest.config.mjs", related: false },
  mutate,
  // Stryker's own reading of a tsconfig breaks on TypeScript 7: a file that is not there keeps it from that.
  tsconfigFile: "mutants/none.json",
  // pnpm's links do not survive Stryker's own copy.
  inPlace: true,
  coverageAnalysis: "perTest",
  concurrency: 2,
  timeoutMS: 20_000,
  reporters: ["json", "progress-append-only"],
  jsonReporter: { fileName: `mutants/report/${name}.json` },
  // scripts/mutants.mjs judges.
  thresholds: { high: 100, low: 90, break: null }
}
