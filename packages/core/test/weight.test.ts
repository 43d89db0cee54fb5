import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"

const source = new URL("../src/", import.meta.url)

/** The modules that a module imports at run time, directly or indirectly. What it only passes on, a bundler drops for who doesn't name it. */
const reached = (file: string, seen = new Set<string>()): ReadonlySet<string> => {
  const text = readFileSync(new URL(file, source), "utf8").replaceAll(/\/\*[^]*?\*\//gu, "")
  for (const [, clause = "", from = ""] of text.matchAll(/^import ([^"=]*?)from "([^"]+)"$/gmu)) {
    const named = /^\{([^]*)\}/u.exec(clause.trim())?.[1]
    const onlyTypes = clause.startsWith("type ") || (named !== undefined && named.split(",").every((name) => /^\s*(type\b|$)/u.test(name)))
    const path = from.startsWith(".") ? new URL(from, new URL(file, source)).pathname.slice(source.pathname.length) : from
    if (onlyTypes || seen.has(path)) continue
    seen.add(path)
    if (from.startsWith(".")) reached(path, seen)
  }
  return seen
}

describe("what a page loads", () => {
  it.each([
    "job/JobState.ts",
    "job/Reading.ts",
    "poll/Budget.ts",
    "job/JobRef.ts",
    "base/Text.ts",
    "request/VideoRequest.ts",
    "client/observing.ts",
    "client/looping.ts",
    "poll/nextPoll.ts"
  ])("%s imports nothing at run time", (file) => {
    expect([...reached(file)]).toStrictEqual([])
  })

  it.each(["promise.ts", "rxjs.ts", "Job.ts", "job/JobError.ts", "artifact/Artifact.ts"])("%s does not reach effect/Schema", (file) => {
    const all = reached(file)
    expect([...all].join(" ")).toContain("effect/")
    // effect's persistence modules reach it themselves.
    expect([...all].filter((path) => /^effect\/(Schema|persistence)/u.test(path))).toStrictEqual([])
  })
})
