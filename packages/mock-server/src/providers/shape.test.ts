import { Ajv2020 } from "ajv/dist/2020.js"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { isRecord } from "../base/Rules.ts"
import { builtIn } from "./index.ts"

const ajv = new Ajv2020({ strict: false })

const submits = Object.values(builtIn).flatMap(({ name, submits: all }) => all.map((submit) => [`${name} ${submit.path}`, submit] as const))

/** Every name that stands before a schema, and every value that is named in one. */
const wordsOf = (schema: unknown): { readonly names: ReadonlyArray<string>; readonly values: ReadonlyArray<unknown> } => {
  if (Array.isArray(schema)) {
    const all = schema.map(wordsOf)
    return { names: all.flatMap(({ names }) => names), values: all.flatMap(({ values }) => values) }
  }
  if (!isRecord(schema)) return { names: [], values: [] }
  const { enum: values, properties } = schema
  const inner = wordsOf(Object.values(schema))
  return {
    names: [...inner.names, ...(isRecord(properties) ? Object.keys(properties) : [])],
    values: [...inner.values, ...(Array.isArray(values) ? values : [])]
  }
}

const odd = [
  null,
  true,
  0,
  1,
  1.5,
  2,
  5,
  6,
  7,
  10,
  10.0,
  11,
  15,
  16,
  30,
  31,
  60,
  61,
  -1,
  "",
  " ",
  "x",
  "0",
  "1",
  "007",
  "10",
  "011",
  "15",
  "16",
  "60",
  "61",
  "6.0",
  "eight"
]
const urls = [
  "https://example.com/a.png",
  "http://example.com",
  "HTTPS://example.com/a.MP4",
  "https://example.com/a.mp4?x=1",
  "https://example.com/a.mp4/b",
  "https://example.com/?a.mp4",
  "https://",
  "ftp://example.com/a.mp4",
  "/a.mp4",
  "data:image/png;base64,AA",
  "data:video/mp4;base64,AA",
  "data:,x"
]

const whole = (value: unknown): number => (typeof value === "number" ? value : 0)

/** Values on both sides of what a schema takes. */
const near = (schema: unknown): fc.Arbitrary<unknown> => {
  if (!isRecord(schema)) return fc.constantFrom<unknown>(...odd)
  const { anyOf, enum: values, items, maxItems, minimum, maximum, minItems, oneOf, properties, type } = schema
  if (Array.isArray(values)) return fc.constantFrom<unknown>(...values)
  if (Array.isArray(anyOf)) return fc.oneof(...anyOf.map(near))
  if (isRecord(properties)) {
    const required = Array.isArray(oneOf) ? [] : Object.keys(properties)
    return fc.record(Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, near(inner)])), {
      requiredKeys: required.filter((_, index) => index === 0)
    })
  }
  switch (type) {
    case "integer":
      return fc.constantFrom(whole(minimum) - 1, minimum, maximum, whole(maximum) + 1)
    case "array":
      return fc.array(near(items), { minLength: Math.max(0, whole(minItems) - 1), maxLength: whole(maxItems ?? 2) + 1 })
    case "boolean":
      return fc.boolean()
    case "null":
      return fc.constant(null)
    default:
      return fc.constantFrom<unknown>("A candle", ...urls, ...odd)
  }
}

/** Every body that the schema speaks of: one, or one for each model. */
const bodiesOf = (schema: unknown): ReadonlyArray<Readonly<Record<string, unknown>>> => {
  const all = isRecord(schema) && Array.isArray(schema["oneOf"]) ? schema["oneOf"] : [schema]
  return all.flatMap((each) => (isRecord(each) && isRecord(each["properties"]) ? [each["properties"]] : []))
}

const merged = ([one, other]: readonly [object, object]): Readonly<Record<string, unknown>> => ({ ...one, ...other })

/** Bodies of fields that the schema names; a good part of them is good. */
const bodies = (schema: unknown): fc.Arbitrary<Readonly<Record<string, unknown>>> => {
  const { names, values } = wordsOf(schema)
  const name = fc.constantFrom(...new Set([...names, "image_url"]))
  const leaf = fc.constantFrom<unknown>(...odd, ...urls, ...values)
  const value = fc.oneof(leaf, fc.dictionary(name, leaf, { maxKeys: 2 }), fc.array(leaf, { maxLength: 3 }))
  const good = {
    prompt: fc.constantFrom("A candle", "x"),
    video: fc.constantFrom({ url: "https://example.com/a.mp4" }, { file_id: "f" })
  }
  const usual = bodiesOf(schema).map((properties) => {
    const models = isRecord(properties["model"]) ? near(properties["model"]) : fc.constant(null)
    const fields = Object.entries(properties).map(([field, inner]) => [field, near(inner)] as const)
    const few = fc.subarray(fields, { maxLength: 3 }).chain((some) => fc.record(Object.fromEntries(some)))
    return fc.tuple(fc.record({ ...good, model: models }), few).map(merged)
  })
  const without = fc
    .tuple(fc.oneof(...usual), name)
    .map(([one, left]) => Object.fromEntries(Object.entries(one).filter(([key]) => key !== left)))
  return fc.oneof(
    { weight: 1, arbitrary: fc.dictionary(name, value, { maxKeys: 5 }) },
    ...usual.map((arbitrary) => ({ weight: 3, arbitrary })),
    {
      weight: 2,
      arbitrary: without
    }
  )
}

describe("the rules of a request", () => {
  it.each(submits)("and their schema always take the same bodies: %s", (_, { refuse, schema }) => {
    const takes = ajv.compile(schema)
    const seen = { taken: 0, refused: 0 }
    fc.assert(
      fc.property(bodies(schema), (body) => {
        const isTaken = refuse(body) === undefined
        seen[isTaken ? "taken" : "refused"] += 1
        expect(takes(body), `${JSON.stringify(body)}: ${refuse(body)}; ${ajv.errorsText(takes.errors)}`).toBe(isTaken)
      }),
      { numRuns: 5000 }
    )
    expect(seen.taken).toBeGreaterThan(20)
    expect(seen.refused).toBeGreaterThan(20)
  })
})
