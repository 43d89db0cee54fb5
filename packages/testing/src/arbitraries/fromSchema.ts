/** effect's own generators as fast-check arbitraries: effect no longer has fast-check, and fast-check has the commands and the scheduler. */
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as fc from "fast-check"

/** Identifies a value of effect's: its seed, its size, and the candidate chosen at each step of shrinking. */
interface Place {
  readonly seed: number
  readonly size: number
  readonly path: ReadonlyArray<number>
}

const isPlace = (context: unknown): context is Place => typeof context === "object" && context !== null && "path" in context

/** More candidates of one value than shrinking ever needs. */
const most = 10_000

/**
 * The value at a place, and the candidates for shrinking it. effect exposes neither: a property that fails only along a path is led there, and the
 * values that it gets next are the candidates.
 */
const walk = <A>(arbitrary: Arbitrary.Arbitrary<A>, { path, seed, size }: Place, limit: number) => {
  let root: { readonly value: A } | undefined
  let level = 0
  let index = 0
  const candidates: Array<A> = []
  const property = (value: A): boolean => {
    if (root === undefined) {
      root = { value }
      return false
    }
    if (level < path.length) {
      if (index === path[level]) {
        level += 1
        index = 0
        return false
      }
      index += 1
      return true
    }
    candidates.push(value)
    return true
  }
  Effect.runSync(Arbitrary.checkEffect(arbitrary, property, { seed, size, runs: 1, maxShrinks: limit }))
  return { root, candidates }
}

class FromEffect<A> extends fc.Arbitrary<A> {
  private readonly inner: Arbitrary.Arbitrary<A>
  private readonly size: number

  constructor(inner: Arbitrary.Arbitrary<A>, size: number) {
    super()
    this.inner = inner
    this.size = size
  }

  override generate(random: fc.Random, bias: number | undefined): fc.Value<A> {
    const seed = random.nextInt()
    const isSmall = bias !== undefined && random.nextInt(1, bias) === 1
    const place: Place = { seed, size: isSmall ? Math.ceil(this.size / 3) : this.size, path: [] }
    const { root } = walk(this.inner, place, 0)
    if (root === undefined) throw new fc.PreconditionFailure()
    return new fc.Value(root.value, place)
  }

  override canShrinkWithoutContext(_: unknown): _ is A {
    return false
  }

  override shrink(_: A, context: unknown): fc.Stream<fc.Value<A>> {
    if (!isPlace(context)) return fc.Stream.nil()
    const { candidates } = walk(this.inner, context, most)
    return fc.stream(candidates.map((value, index) => new fc.Value(value, { ...context, path: [...context.path, index] })).values())
  }
}

/**
 * A fast-check arbitrary for a schema, from effect's own generators, with their shrinking. Replay by seed and path works within one version of effect.
 *
 * A text over HTTP must not have lone surrogates, which `Schema.String` generates: give such fields a pattern. The schema must be synchronous.
 *
 * **Example** (Any payload of a schema)
 *
 * ```ts
 * import { Arbitraries } from "@reelay/testing"
 * import * as Schema from "effect/Schema"
 * import * as fc from "fast-check"
 *
 * const Job = Schema.Struct({ id: Schema.NonEmptyString, seconds: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 15 })) })
 * fc.assert(fc.property(Arbitraries.fromSchema(Job), ({ seconds }) => seconds >= 1 && seconds <= 15))
 * ```
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const fromSchema = <A>(schema: Schema.Schema<A>, size = 10): fc.Arbitrary<A> => new FromEffect(Arbitrary.schema(schema), size)
