/** A documented payload with changes. */
import * as fc from "fast-check"
import { get, isObject, type Path, paths, removed, replaced } from "../internal/json.ts"

/**
 * One change of a payload: at `path` (names and indices from the root), `value` replaces the old value; without `value` it is removed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Change {
  readonly path: Path
  readonly value?: unknown
  readonly kind: "remove" | "replace" | "add"
}

/** @category models */
export interface Mutation {
  readonly changes: ReadonlyArray<Change>
  readonly payload: unknown
}

/**
 * The given payload with one to three changes: a part removed, replaced by one of `values`, or added under a name that it did not have.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const mutated = (
  payload: unknown,
  options: {
    readonly values: fc.Arbitrary<unknown>
    /** Names for added parts. */
    readonly names: ReadonlyArray<string>
    /** Parts that stay as they are. Default: none. */
    readonly keep?: ((path: Path) => boolean) | undefined
  }
): fc.Arbitrary<Mutation> => {
  const { keep = () => false, names, values } = options
  const all = paths(payload).filter((path) => !keep(path))
  const objects = [root, ...paths(payload)].filter((path) => isObject(get(payload, path)))
  const additions = objects.flatMap((path) => names.map((name) => path.concat(name))).filter((path) => !keep(path) && !has(payload, path))
  const choices: Array<fc.Arbitrary<Change>> = []
  if (all.length > 0) {
    const path = fc.constantFrom(...all)
    choices.push(
      path.map((where): Change => ({ kind: "remove", path: where })),
      fc.tuple(path, values).map(([where, value]): Change => ({ kind: "replace", path: where, value }))
    )
  }
  if (additions.length > 0) {
    choices.push(fc.tuple(fc.constantFrom(...additions), values).map(([path, value]): Change => ({ kind: "add", path, value })))
  }
  if (choices.length === 0) return fc.constant({ changes: [], payload })
  return fc
    .array(fc.oneof(...choices), { minLength: 1, maxLength: 3 })
    .map((changes) => ({ changes, payload: changes.reduce(apply, payload) }))
}

const root: Path = []

const apply = (payload: unknown, { kind, path, value }: Change): unknown =>
  kind === "remove" ? removed(payload, path) : replaced(payload, path, value)

const has = (value: unknown, path: Path): boolean => get(value, path) !== undefined
