/** Scripts for the mock to play. */
import { Fault, Script } from "@reelay/mock-server"
import { catalogue } from "@reelay/mock-server/providers"
import * as fc from "fast-check"

/** Milliseconds: round numbers, so that a shrunk script is readable. */
const millis = fc.constantFrom(0, 1000, 5000, 20_000, 60_000, 600_000)

/** Any of the forms shrinks to the first. */
const nearest = { withCrossShrink: true }

const lasts: fc.Arbitrary<Script.Length> = fc.oneof(
  nearest,
  { weight: 3, arbitrary: millis },
  fc.record({ uniform: fc.tuple(millis, millis) }),
  fc.record({ lognormal: fc.record({ median: millis, sigma: fc.constantFrom(0, 0.5, 1) }) })
)

const percent = fc.integer({ min: 0, max: 100 })
const progress: fc.Arbitrary<Script.Progress> = fc.oneof(
  nearest,
  fc.constantFrom<Script.Progress>("linear", "absent", "text"),
  fc.record({ stallsAt: percent }),
  fc
    .tuple(fc.oneof(percent, fc.constant(null)), fc.array(fc.oneof(percent, fc.constantFrom("almost", null)), { maxLength: 4 }))
    .map(([first, rest]): Script.Progress => ({ shows: [first, ...rest] }))
)

const requests: fc.Arbitrary<Fault.Requests> = fc.oneof(
  fc.record({ first: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ every: fc.integer({ min: 2, max: 4 }) })
)

const faultOf = (names: ReadonlyArray<string>): fc.Arbitrary<Fault.Fault> =>
  fc.record({ name: fc.constantFrom(...names), requests: fc.option(requests, { nil: undefined }) }).map(({ name, requests: which }) => {
    const isCounted = which !== undefined && Fault.fieldsOf(name).includes("requests")
    return isCounted ? { name, requests: which } : { name }
  })

/**
 * Scripts that the mock can play for a provider on a host: any phases, any ending, and up to `faults` of the faults that both can show. They shrink to a job
 * that succeeds at once, without faults.
 *
 * **Example** (A client that comes through anything)
 *
 * ```ts
 * import { Arbitraries } from "@reelay/testing"
 * import * as fc from "fast-check"
 *
 * const scripts = Arbitraries.script("xai", { host: "web", faults: 2 })
 * console.log(JSON.stringify(fc.sample(scripts, 1)))
 * ```
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const script = (
  provider: string,
  { faults = 2, host = "socket" }: { readonly host?: Fault.Needs | undefined; readonly faults?: number | undefined } = {}
): fc.Arbitrary<Script.Script> => {
  const names = catalogue.kinds
    .filter((kind) => kind.only?.includes(provider) !== false && Fault.isExpressible(kind, host))
    .map(({ name }) => name)
  return fc.record({
    shape: fc.constant<Script.Script["shape"]>("default"),
    phases: fc.array(fc.record({ state: fc.constantFrom<Script.Phase["state"]>("submitted", "queued", "running"), lasts }), {
      maxLength: 4
    }),
    ending: fc.constantFrom(...Script.Ending.literals),
    progress,
    advances: fc.oneof(nearest, fc.constant<Script.Script["advances"]>("time"), fc.record({ polls: fc.integer({ min: 1, max: 8 }) })),
    faults: fc.array(faultOf(names), { maxLength: faults }),
    seed: fc.nat({ max: 99 })
  })
}
