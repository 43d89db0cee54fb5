/**
 * A law: a sentence that holds for every input, as a value that any test runner can check.
 *
 * @since 0.1.0
 */
import * as fc from "fast-check"

/**
 * How hard to search for a counterexample.
 *
 * @category models
 * @since 0.1.0
 */
export interface CheckOptions {
  /** Inputs to try. Default: the law's own number, mostly 1000 for pure functions and 60 for the engine. */
  readonly runs?: number | undefined
  /** The seed of the inputs, from the report of a failure. Default: a new one each time. */
  readonly seed?: number | undefined
  /** The path to the shrunk input, from the report of a failure; goes with `seed`. */
  readonly path?: string | undefined
}

/**
 * A law of one subject.
 *
 * @category models
 * @since 0.1.0
 */
export interface Law {
  /** Used in exemptions and reports, such as `advance/terminal`. */
  readonly id: string
  /** A sentence in the present. */
  readonly name: string
  /** Rejects with `Broken` if an input breaks the law. */
  readonly check: (options?: CheckOptions) => Promise<void>
}

/**
 * What was found wrong with one input.
 *
 * @category models
 * @since 0.1.0
 */
export interface Finding {
  /** What was seen, and what the law requires. */
  readonly what: string
  /** A picture of how it came about. */
  readonly timeline?: string | undefined
}

/**
 * Thrown if a law does not hold. The message has seed, path, the shrunk input and a timeline.
 *
 * @category errors
 * @since 0.1.0
 */
export class Broken extends Error {
  override readonly name = "Broken"
  readonly law: string
  readonly seed: number
  readonly path: string
  /** The smallest input that was found. */
  readonly input: unknown
  readonly what: string

  constructor(found: { law: Pick<Law, "id" | "name">; seed: number; path: string; input: unknown; finding: Finding; cause?: unknown }) {
    const { finding, input, law, path, seed } = found
    const lines = [
      `${law.id} is broken: ${law.name}`,
      `  ${cut(finding.what, 800)}`,
      `  input: ${cut(fc.stringify(input), 2000)}`,
      `  again: { seed: ${seed}, path: "${path}" }`,
      ...(finding.timeline === undefined ? [] : finding.timeline.split("\n").map((line) => `  ${line}`))
    ]
    super(lines.join("\n"), found.cause === undefined ? {} : { cause: found.cause })
    this.law = law.id
    this.seed = seed
    this.path = path
    this.input = input
    this.what = finding.what
  }
}

const cut = (text: string, length: number): string => (text.length <= length ? text : `${text.slice(0, length)}…`)

class Found extends Error {
  readonly finding: Finding
  constructor(finding: Finding) {
    super(finding.what)
    this.finding = finding
  }
}

/**
 * Makes a law. `examine` says what is wrong with an input, or `undefined` if the law holds for it; throwing breaks the law too.
 *
 * **Example** (A law of a function)
 *
 * ```ts
 * import { Law } from "@reelay/testing"
 * import * as fc from "fast-check"
 *
 * export const trimming = Law.make({
 *   id: "text/trim",
 *   name: "trimming twice changes nothing more",
 *   given: fc.string(),
 *   examine: (text) => (text.trim().trim() === text.trim() ? undefined : { what: "the second trim changed it" })
 * })
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <Input>(options: {
  readonly id: string
  readonly name: string
  readonly given: fc.Arbitrary<Input>
  readonly examine: (input: Input) => Finding | undefined | Promise<Finding | undefined>
  /** Inputs to try unless the caller says otherwise. Default: 1000. */
  readonly runs?: number | undefined
}): Law => ({
  id: options.id,
  name: options.name,
  check: async ({ path, runs = options.runs ?? 1000, seed } = {}) => {
    const property = fc.asyncProperty(options.given, async (input) => {
      const finding = await options.examine(input)
      if (finding !== undefined) throw new Found(finding)
    })
    const run = await fc.check(property, {
      numRuns: runs,
      ...(seed === undefined ? {} : { seed }),
      ...(path === undefined ? {} : { path })
    })
    if (!run.failed) return
    const thrown = run.errorInstance
    const [finding, cause] = thrown instanceof Found ? [thrown.finding, undefined] : [{ what: `threw ${String(thrown)}` }, thrown]
    throw new Broken({
      law: options,
      seed: run.seed,
      path: short(run.counterexamplePath ?? ""),
      input: run.counterexample?.[0],
      finding,
      cause
    })
  }
})

/** Only the run of a long path: from there the same input is found and shrunk again. */
const short = (path: string): string => (path.length <= 60 ? path : (path.split(":")[0] ?? ""))

/**
 * A law without inputs: for a sentence about a table.
 *
 * @category constructors
 * @since 0.1.0
 */
export const always = (options: { readonly id: string; readonly name: string; readonly examine: () => Finding | undefined }): Law =>
  make({ ...options, given: fc.constant(undefined), runs: 1 })

/**
 * A law that a subject is known not to keep.
 *
 * @category models
 * @since 0.1.0
 */
export interface Exemption {
  /** The law's id. */
  readonly law: string
  /** Why it need not hold here. */
  readonly reason: string
}

/**
 * The two functions that are needed of a test runner. Vitest, Jest, Mocha, Bun and `node:test` have them.
 *
 * @category models
 * @since 0.1.0
 */
export interface Runner {
  readonly describe: (name: string, body: () => void) => unknown
  readonly it: (name: string, body: () => Promise<void>) => unknown
}

/** @category models */
export interface RegisterOptions extends CheckOptions {
  /** The heading of the group. Default: `laws`. */
  readonly title?: string | undefined
  /** Laws that need not hold. An exemption fails once its law holds, and if no law has its id. */
  readonly exempt?: ReadonlyArray<Exemption> | undefined
}

/**
 * Hands laws to a test runner, one test each.
 *
 * @category converting
 * @since 0.1.0
 */
export const register = (laws: ReadonlyArray<Law>, { describe, it }: Runner, options: RegisterOptions = {}): void => {
  const { exempt = [], title = "laws", ...check } = options
  describe(title, () => {
    for (const law of laws) {
      const exemption = exempt.find((each) => each.law === law.id)
      if (exemption === undefined) it(law.name, () => law.check(check))
      else it(`${law.name} (exempt: ${exemption.reason})`, () => broken(law, exemption, check))
    }
    for (const { law } of exempt.filter((each) => !laws.some(({ id }) => id === each.law))) {
      it(`there is a law ${law}`, () => Promise.reject(new Error(`An exemption names ${law}, and no law has this id.`)))
    }
  })
}

/** Resolves if a law is broken, as its exemption says. */
const broken = async (law: Law, { reason }: Exemption, check: CheckOptions): Promise<void> => {
  try {
    await law.check(check)
  } catch (error) {
    if (error instanceof Broken) return
    throw error
  }
  throw new Error(`${law.id} holds: its exemption ("${reason}") is no longer needed.`)
}
