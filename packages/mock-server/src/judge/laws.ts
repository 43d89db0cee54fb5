/** What a verdict can find, by name: how much it matters, and what it is. The README's table is this one. */

/**
 * `money`: paid for, and wasted or at risk. `data`: the client has no result, or a wrong one, or gave a secret away. `courtesy`: it asked more
 * than it had to.
 *
 * @category models
 * @since 0.1.0
 */
export type Severity = "money" | "data" | "courtesy"

/**
 * @category constants
 * @since 0.1.0
 */
export const severities: ReadonlyArray<Severity> = ["money", "data", "courtesy"]

interface Described {
  readonly severity: Severity
  /** What is wrong, for people. */
  readonly what: string
  /** Somebody asked for it with a number, the server or the test: it counts, whatever its severity. */
  readonly isAskedFor?: true
}

/**
 * @category constants
 * @since 0.1.0
 */
export const laws = {
  "paid-twice": { severity: "money", what: "several paid jobs for one intention, beyond those that were meant" },
  lost: { severity: "money", what: "a paid job that nobody knows of: the answer to its submission was lost" },
  abandoned: { severity: "money", what: "a job that the client knew of, and did not follow to its end" },
  unfetched: { severity: "money", what: "a paid video whose end was reported, and that nobody tried to download" },
  expired: { severity: "money", what: "a paid video that did not come whole, at once or in parts, before its link expired" },
  incomplete: { severity: "data", what: "a paid video of which no download came whole and unchanged" },
  unused: { severity: "data", what: "nothing was submitted at all" },
  refused: { severity: "data", what: "there were submissions, and none made a job" },
  unsuccessful: { severity: "data", what: "jobs ended, and none of them with a video" },
  served: {
    severity: "data",
    what: "the client saw an end that the provider never reported, or another one; or a job run that was never said to, or that was never made"
  },
  "one-end": { severity: "data", what: "a job that had ended went on" },
  key: {
    severity: "data",
    what: "a key was sent to a file that does not want one; a courtesy if that is at the API's own origin, as it is without `filesAt`"
  },
  route: { severity: "data", what: "a request found no route" },
  unmet: { severity: "data", what: "the test expected a finding that there was not" },
  "retry-after": { severity: "courtesy", isAskedFor: true, what: "a request came before the time that a 429 asked for" },
  floor: {
    severity: "courtesy",
    isAskedFor: true,
    what: "a job was polled too often for the `floors` that the test gave; without them, never found"
  },
  "after-end": {
    severity: "courtesy",
    what: "a job was polled after its end was reported, and not for a fresh link, if the last had expired or gave no whole file"
  }
} as const satisfies Readonly<Record<string, Described>>

/**
 * The name of what a verdict can find.
 *
 * @category models
 * @since 0.1.0
 */
export type Law = keyof typeof laws

export const isLaw = (name: string): name is Law => Object.hasOwn(laws, name)

/**
 * @category constants
 * @since 0.1.0
 */
export const lawNames: ReadonlyArray<Law> = Object.keys(laws).filter(isLaw)

export const describe = (law: Law): Described => laws[law]

/**
 * The laws as a table in Markdown, for the README.
 *
 * @category formatting
 * @since 0.1.0
 */
export const toMarkdown = (): string =>
  [
    "| Law | Severity | What is wrong |",
    "| --- | --- | --- |",
    ...lawNames.map((law) => `| \`${law}\` | ${describe(law).severity} | ${describe(law).what} |`)
  ].join("\n")
