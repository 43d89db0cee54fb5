// What is mutated, and the tests that have to notice. The quick ones: a mutant that only a slow test would catch wants a quick test.
export const groups = {
  states: {
    mutate: ["packages/core/src/job/JobState.ts", "packages/core/src/poll/Budget.ts"],
    tests: ["packages/core/src/job/JobState*.test.ts", "packages/core/src/poll/Budget.test.ts", "packages/testing/test/advance.test.ts"]
  },
  interpret: {
    mutate: ["packages/core/src/provider/Dialect.ts", "packages/core/src/provider/payload.ts", "packages/providers/src/*/provider.ts"],
    tests: ["packages/core/src/provider/Dialect*.test.ts", "packages/providers/src/**/*.test.ts", "packages/providers/test/vendors.test.ts"]
  },
  submission: {
    mutate: ["packages/core/src/engine/Submission.ts"],
    tests: ["packages/core/src/engine/Submission.test.ts"]
  },
  poller: {
    mutate: ["packages/core/src/poll/Poller.ts", "packages/core/src/poll/nextPoll.ts"],
    tests: ["packages/core/src/poll/*.test.ts", "packages/core/src/engine/{watching,clock,pollOnce,pollRetry,owner}.test.ts"]
  },
  engine: {
    mutate: [
      "packages/core/src/base/dueQueue.ts",
      "packages/core/src/engine/pollOnce.ts",
      "packages/core/src/engine/outcome.ts",
      "packages/core/src/limits/memory.ts",
      "packages/core/src/transport/line.ts",
      "packages/core/src/engine/driver.ts",
      "packages/core/src/journal/entryWriter.ts",
      "packages/core/src/journal/memory.ts",
      "packages/core/src/engine/spending.ts",
      "packages/core/src/engine/submissions.ts",
      "packages/core/src/engine/submitting.ts",
      "packages/core/src/journal/Journal.ts",
      "packages/core/src/provider/redirect.ts",
      "packages/core/src/engine/watching.ts",
      "packages/core/src/poll/schedule.ts",
      "packages/core/src/transport/retryAfter.ts",
      "packages/core/src/engine/handle.ts",
      "packages/core/src/engine/attach.ts",
      "packages/core/src/journal/jobEntry.ts",
      "packages/core/src/engine/batch.ts",
      "packages/core/src/engine/resume.ts"
    ],
    tests: [
      "packages/core/src/{base,engine,journal,limits,poll,telemetry,transport}/*.test.ts",
      "packages/core/src/provider/{redirect,Provider.options}.test.ts",
      "packages/core/src/{promise,rxjs}.test.ts",
      "packages/testing/test/traps.test.ts"
    ]
  }
}

/** The group that `MUTANTS` names. */
export const chosen = () => {
  const name = process.env["MUTANTS"] ?? "states"
  const group = groups[name]
  if (group === undefined) throw new Error(`MUTANTS is ${name}, and there are ${Object.keys(groups).join(", ")}`)
  return { name, ...group }
}
