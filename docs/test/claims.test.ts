/** Holds the README's sentences, their table in `docs/claims.md`, and the tests together. */
import { existsSync, readFileSync } from "node:fs"
import { JobError } from "@reelay/core"
import { describe, expect, it } from "vitest"

const root = new URL("../../", import.meta.url)
const read = (file: string): string => readFileSync(new URL(file, root), "utf8")

/** These instruct, or say what isn't there. */
const claimNothing = [
  "The packages are not on a registry yet.",
  "Packages says what each one is for.",
  "Save it as candle.mjs, and run node candle.mjs.",
  "npm run bench measures it again: bench/RESULTS.md.",
  "It does not choose a provider, or compare prices."
]

const bare = (text: string): string => text.replaceAll(/\[([^\]]*)\]\([^)]*\)/gu, "$1").replaceAll("`", "")

const sentences = read("README.md")
  .replaceAll(/^```[^]*?^```$/gmu, "")
  .replaceAll(/^<picture>[^]*?<\/picture>$/gmu, "")
  .split(/\n\n|\n(?=- )/u)
  .filter((part) => part.trim() !== "" && !/^(?:#|\||!\[|<)/u.test(part.trim()) && !part.includes(" · "))
  .flatMap((part) => bare(part.trim().replace(/^- /u, "").replaceAll("\n", " ")).split(/(?<=\.) (?=[\w"])/u))

const claims = read("docs/claims.md")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| the README says"))
  .map((line) => line.slice(2, -2).split(" | "))

describe("claims", () => {
  it("every sentence of the README is a claim with a test, or is listed as none", () => {
    expect(sentences.length).toBeGreaterThan(15)
    expect(sentences).toEqual(expect.arrayContaining(claimNothing))
    expect(claims.map(([claim = ""]) => bare(claim))).toEqual(sentences.filter((sentence) => !claimNothing.includes(sentence)))
  })

  it.each(claims)("%s is tested by what it names", (_, tests = "") => {
    const named = Array.from(tests.matchAll(/\]\(([^)]+)\): `([^`]+)`/gu))
    expect(named.length).toBeGreaterThan(0)
    for (const [, file = "", name = ""] of named) {
      const path = new URL(file, new URL("docs/", root))
      expect(existsSync(path)).toBe(true)
      expect(readFileSync(path, "utf8")).toContain(name)
    }
  })

  it("the figures of the README are those of the bench", () => {
    const figures = (name: string): ReadonlyArray<number> => {
      const line = read("bench/RESULTS.md")
        .split("\n")
        .find((each) => each.startsWith(`| ${name} |`))
      return (line ?? "").split("|").slice(4, 7).map(Number.parseFloat)
    }
    for (const ratio of figures("CPU a poll, 1,000 jobs, over @reelay/node")) expect(ratio).toBeCloseTo(0.6, 1)
    for (const ratio of figures("CPU a poll, 10,000 jobs, over @reelay/node")) expect(Math.abs(ratio - 0.25)).toBeLessThan(0.05)
    for (const ratio of figures("submission, CPU to the first poll's answer")) expect(Math.round(ratio)).toBe(2)
    expect(Math.round(figures("heap of a waiting job, 10,000 of them")[0] ?? 0)).toBe(2)
    const { most } = JSON.parse(read("packages/testing/sizes.json"))["promises and one provider"]
    const [, carried] = /a page loads (\d+) KB/u.exec(read("README.md")) ?? []
    expect(Math.abs(most - Number(carried))).toBeLessThanOrEqual(1)
  })
})

const ref = { provider: "xai", kind: "generation", id: "a3d1", baseUrl: "https://api.x.ai", submittedAt: 0 } as const
const detail = "as it says"
const reasons: ReadonlyArray<JobError.Reason> = [
  new JobError.InvalidRequest({ field: "duration", rule: "is 7 s" }),
  new JobError.Unauthorized({ detail }),
  new JobError.PaymentRequired({ detail }),
  new JobError.SubmitRejected({ status: 400, detail }),
  new JobError.SubmitUnknown({ detail }),
  new JobError.RateLimited({ detail }),
  new JobError.Unreachable({ detail }),
  new JobError.PollRejected({ status: 400, detail }),
  new JobError.BadPayload({ expected: "JSON", excerpt: "" }),
  new JobError.NotFound({ detail }),
  new JobError.DeadlineExceeded({ deadline: 1, lastState: "Running" }),
  new JobError.DownloadFailed({ detail }),
  new JobError.ArtifactTooLarge({ limitBytes: 1 }),
  new JobError.ForbiddenAddress({ address: "http://10.0.0.1", rule: "is private" }),
  new JobError.JournalFailed({ detail })
]

describe("the page of errors", () => {
  const rows = read("docs/errors.md")
    .split("\n")
    .flatMap((line) => /^\| `(\w+)` \| .* \| (.+) \|$/u.exec(line)?.slice(1, 3) ?? [])

  it("lists every reason, with what may be repeated after it", () => {
    const expected = reasons.flatMap((reason) => {
      const again = (operation: JobError.Operation): JobError.Again =>
        new JobError.JobError({ reason, provider: "xai", operation, attempt: 1, ...(operation === "submit" ? {} : { ref }) }).again
      const all = [again("submit"), again("poll"), again("download")]
      const words = [...new Set(all)].map((word) => `\`${word}\``)
      const text =
        words.length === 3
          ? `${words[0]}, ${words[1]} or ${words[2]}`
          : words.length === 2
            ? `${words[0]}; ${words[1]} after a poll`
            : words[0]
      return [reason._tag, text]
    })
    expect(rows).toEqual(expected)
  })

  it("leaves no reason out", () => {
    const [, union = ""] = /export type Reason =\n((?: {2}\| \w+\n)+)/u.exec(read("packages/core/src/job/JobError.ts")) ?? []
    expect(Array.from(union.matchAll(/\| (\w+)/gu), ([, name]) => name)).toEqual(reasons.map(({ _tag }) => _tag))
  })
})
