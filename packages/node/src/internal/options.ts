/** The options of the transport, and what they must be. */

/** @category models */
export interface Options {
  /**
   * Connections to each origin at the most, half of them for submissions, each of which has a new one. Requests beyond it wait for a free one.
   * Default: 32.
   */
  readonly connections?: number | undefined
  /** Milliseconds that connecting may take. Default: 10 seconds. */
  readonly connectTimeout?: number | undefined
  /**
   * The proxy for all requests: `"http://host:port"`, with `user:password@` where it wants them, or `"environment"` for what `HTTP_PROXY`,
   * `HTTPS_PROXY` and `NO_PROXY` say (also in lower case; this machine itself is never asked for there). https goes through it in a tunnel that shows it the host and no more; plain http it
   * reads. The proxy resolves the names, so that only the addresses which links spell out can be judged as private. Default: none.
   */
  readonly proxy?: string | undefined
}

type Rule = (value: unknown) => string | undefined

const isWhole = (value: unknown): boolean => typeof value === "number" && Number.isInteger(value) && value > 0

/** Each returns what is wrong with a value, as the rest of a sentence. A `proxy` that can't be one is found when it is used. */
export const rules: { readonly [Name in keyof Required<Options>]: Rule } = {
  connections: (value) => (isWhole(value) ? undefined : "must be a whole number from 1 on"),
  connectTimeout: (value) => (isWhole(value) ? undefined : "must be a number of milliseconds above zero"),
  proxy: (value) => (typeof value === "string" ? undefined : 'must be a text: an address, or "environment"')
}

const known: ReadonlyMap<string, Rule> = new Map(Object.entries(rules))

/** Throws for an option that is not known or not what it must be. */
export const demand = (options: Options): void => {
  for (const [name, value] of Object.entries(options)) {
    const rule = known.get(name)
    const wrong =
      rule === undefined ? `isn't an option; there are ${[...known.keys()].join(", ")}` : value === undefined ? undefined : rule(value)
    if (wrong !== undefined) throw new RangeError(`Transport: ${name} ${wrong}`)
  }
}
