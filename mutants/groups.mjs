// What is mutated, and the tests that have to notice. The quick ones: a mutant that only a slow test would catch wants a quick test.
export const groups = {
  states: {
    mutate: ["packages/core/src/JobState.ts", "packages/core/src/Budget.ts"],
    tests: ["packages/core/src/JobState*.test.ts", "packages/core/src/Budget.test.ts", "packages/testing/test/advance.test.ts"]
  },
  interpret: {
    mutate: ["packages/core/src/Dialect.ts", "packages/core/src/internal/payload.ts", "packages/providers/src/*/provider.ts"],
    tests: ["packages/core/src/Dialect*.test.ts", "packages/providers/src/**/*.test.ts", "packages/providers/test/vendors.test.ts"]
  },
  submission: {
    mutate: ["packages/core/src/engine/Submission.ts"],
    tests: ["packages/core/src/engine/Submission.test.ts"]
  },
  engine: {
    mutate: [
      "packages/core/src/engine/driver.ts",
      "packages/core/src/engine/entryWriter.ts",
      "packages/core/src/engine/memory.ts",
      "packages/core/src/engine/spending.ts",
      "packages/core/src/engine/submissions.ts",
      "packages/core/src/engine/submitting.ts",
      "packages/core/src/Journal.ts",
      "packages/core/src/internal/redirect.ts",
      "packages/core/src/internal/watch.ts",
      "packages/core/src/internal/nextLook.ts",
      "packages/core/src/internal/waitOf.ts",
      "packages/core/src/internal/pollRetry.ts",
      "packages/core/src/internal/retryAfter.ts",
      "packages/core/src/internal/handle.ts",
      "packages/core/src/internal/attachment.ts",
      "packages/core/src/internal/record.ts",
      "packages/core/src/internal/many.ts"
    ],
    tests: [
      "packages/core/src/Job.*.test.ts",
      "packages/core/src/internal/*.test.ts",
      "packages/core/src/engine/*.test.ts",
      "packages/core/src/{promise,rxjs,Metrics,Limits,KeyValueJournal,Provider.options}.test.ts",
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
