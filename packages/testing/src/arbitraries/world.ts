/** Worlds of the mock, for base URLs. */
import type { Fault, World } from "@reelay/mock-server"
import * as fc from "fast-check"
import { script } from "./script.ts"

/** Any provider's shrinks to one of the first. */
const nearest = { withCrossShrink: true }

/**
 * Worlds of the mock, of any of the named providers: a script of `Arbitraries.script`, a seed, and how long URLs stay valid. `World.toToken`
 * makes a base URL of one, so that any client that takes a base URL can be driven through it. They shrink to a world of the first provider without
 * faults. `clock` moves the time of all of them. Default: the mock's clock.
 *
 * **Example** (A client that survives any world)
 *
 * ```ts
 * import { World } from "@reelay/mock-server"
 * import { Arbitraries } from "@reelay/testing"
 * import * as fc from "fast-check"
 *
 * const worlds = Arbitraries.world(["xai", "geeknow"], { clock: "lockstep", faults: 1 })
 * for (const world of fc.sample(worlds, 2)) console.log(`http://127.0.0.1:8787/r/${World.toToken(world)}/v1`)
 * ```
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const world = (
  providers: readonly [string, ...ReadonlyArray<string>],
  {
    clock,
    ...options
  }: {
    readonly clock?: World.World["clock"]
    readonly faults?: number | undefined
    readonly host?: Fault.Needs | undefined
  } = {}
): fc.Arbitrary<World.World> => {
  const ofProvider = (provider: string): fc.Arbitrary<World.World> =>
    fc.record(
      {
        provider: fc.constant(provider),
        script: script(provider, options),
        seed: fc.nat({ max: 99 }),
        urlTtl: fc.constantFrom(0, 1000, 60_000, 3_600_000),
        ...(clock === undefined ? {} : { clock: fc.constant(clock) })
      },
      { requiredKeys: ["provider", "script", ...(clock === undefined ? [] : ["clock" as const])] }
    )
  return fc.oneof(nearest, ...providers.map(ofProvider))
}
