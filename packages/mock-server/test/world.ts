/** Worlds of every form, for properties. */
import * as fc from "fast-check"
import { builtIn, catalogue } from "../src/providers/index.ts"
import * as Fault from "../src/script/Fault.ts"
import type { Script } from "../src/script/Script.ts"
import type { World } from "../src/script/World.ts"

const count = fc.integer({ min: 1, max: 9 })

const fault: fc.Arbitrary<Fault.Fault> = fc.constantFrom(...catalogue.kinds.map(({ name }) => name)).chain((name) => {
  const fields = Fault.fieldsOf(name)
  return fc.record(
    {
      name: fc.constant(name),
      ...(fields.includes("requests")
        ? { requests: fc.oneof(fc.record({ first: count }), fc.record({ every: count }), fc.record({ after: count })) }
        : {}),
      ...(fields.includes("byte") ? { byte: fc.nat({ max: 99 }) } : {}),
      ...(fields.includes("retryAfter") ? { retryAfter: fc.nat({ max: 9 }) } : {})
    },
    { requiredKeys: ["name"] }
  )
})

const phase: fc.Arbitrary<Script["phases"][number]> = fc.record({
  state: fc.constantFrom("submitted" as const, "queued" as const, "running" as const),
  lasts: fc.oneof(fc.nat({ max: 60_000 }), fc.record({ uniform: fc.tuple(fc.nat({ max: 9000 }), fc.nat({ max: 9000 })) }))
})

const script: fc.Arbitrary<Partial<Script>> = fc.record(
  {
    phases: fc.array(phase, { maxLength: 4 }),
    duration: fc.nat({ max: 60_000 }),
    ending: fc.constantFrom("succeeded", "failed", "moderated", "never"),
    moderation: fc.constantFrom("http-400", "done"),
    shape: fc.constantFrom("default", "flat"),
    progress: fc.oneof(fc.constantFrom("linear" as const, "text" as const), fc.record({ stallsAt: fc.integer({ min: 0, max: 100 }) })),
    advances: fc.oneof(fc.constantFrom("time" as const, "hand" as const), fc.record({ polls: count })),
    faults: fc.array(fault, { maxLength: 3 }),
    seed: fc.oneof(fc.string({ unit: "binary" }), fc.integer())
  },
  { requiredKeys: [] }
)

export const world: fc.Arbitrary<World> = fc
  .record(
    {
      provider: fc.constantFrom(...Object.keys(builtIn)),
      script,
      seed: fc.oneof(fc.string({ unit: "binary" }), fc.integer()),
      clock: fc.constantFrom("frozen", "lockstep"),
      starts: fc.nat(),
      urlTtl: fc.nat(),
      duration: fc.nat()
    },
    { requiredKeys: ["provider"] }
  )
  .filter(({ clock, starts }) => clock !== undefined || starts === undefined)
