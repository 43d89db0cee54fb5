import { JobState } from "@reelay/core"
import { definition, statuses } from "@reelay/providers/xai"
import { fixtures } from "@reelay/providers/xai/fixtures"
import { readFileSync } from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import { describe, expect, it } from "vitest"
import { advanceLaws, engineLaws, Law, providerLaws } from "../src/index.ts"

const page = readFileSync(new URL("../../../docs/testing.md", import.meta.url), "utf8")

const subject = {
  fixtures,
  statuses,
  status: ["status"],
  deciding: ["code", "type", "error", "message", "progress", "video.respect_moderation"]
}

const tables = {
  providerLaws: providerLaws(definition, subject),
  advanceLaws: advanceLaws(),
  engineLaws: engineLaws({ providers: [definition] })
}

/** Text without the padding that a formatter gives it. */
const bare = (text: string): string => text.replaceAll(/ +/gu, " ").replaceAll(/-{3,}/gu, "---")

describe("the page of the laws", () => {
  it.each(Object.entries(tables))("lists the laws of %s by id and name", (name, laws) => {
    const rows = laws.map((law) => `| \`${law.id}\` | ${law.name} |`)
    expect(bare(page)).toContain(bare([`<!-- ${name} -->`, "", "| Id | Law |", "| --- | --- |", ...rows, ""].join("\n")))
  })

  it("shows tests that run: of a provider, and of a reducer with an exemption", async () => {
    const [provider = "", exempt = ""] = page.split(/```ts\n/u).slice(1)
    expect(await broken(provider, { definition, fixtures, statuses, Law, providerLaws })).toEqual([["laws of xai"], []])
    expect(await broken(exempt, { advanceLaws, Law, JobState })).toEqual([["laws"], []])
  })
})

/** Runs a block of the page; returns the titles of its groups, and what is broken. */
const broken = async (block: string, given: object) => {
  const body = stripTypeScriptTypes(block.split("```")[0] ?? "")
    .split("\n")
    .filter((line) => !line.startsWith("import "))
    .join("\n")
  const titles: Array<string> = []
  const tests: Array<() => Promise<void>> = []
  const runner: Law.Runner = { describe: (title, group) => (titles.push(title), group()), it: (_, test) => tests.push(test) }
  const scope = { ...given, describe: runner.describe, it: runner.it }
  // oxlint-disable-next-line eslint/no-new-func, typescript/no-implied-eval -- the point is to run the page's code
  new Function(...Object.keys(scope), body)(...Object.values(scope))
  const outcomes = await Promise.allSettled(tests.map((test) => test()))
  return [titles, outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [String(outcome.reason)] : []))]
}
