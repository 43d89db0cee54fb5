/**
 * Rules for a request, as tables: a name, a check, and whether it has to be there. Fields without a rule are ignored, as servers do.
 *
 * Each check carries itself as JSON Schema, from which the contract of a provider is made: what is documented is stated once.
 */

/** A JSON Schema of draft 2020-12. */
export type Json = Readonly<Record<string, unknown>>

export interface Check {
  /** What is wrong with a value, as a sentence that begins with the field; `undefined` if nothing is. */
  (field: string, value: unknown): string | undefined
  /** Takes what the check takes. */
  readonly schema: Json
}

interface Rule {
  readonly check: Check
  readonly required?: boolean
  /** What a reader of the contract should know besides. */
  readonly note?: string
}

export type Rules = Readonly<Record<string, Rule>>

/** A rule over more than one field. */
export interface Conflict {
  readonly refuse: (body: Json) => string | undefined
  /** Takes the bodies that are not refused, among those whose fields are good one by one. */
  readonly schema: Json
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

const as = (schema: Json, refuse: (field: string, value: unknown) => string | undefined): Check =>
  Object.assign((field: string, value: unknown) => refuse(field, value), { schema })

const unless = (schema: Json, what: string, holds: (value: unknown) => boolean): Check =>
  as(schema, (field, value) => (holds(value) ? undefined : `${field} must be ${what}, not ${show(value)}`))

export const text = unless({ type: "string" }, "a string", (value) => typeof value === "string")

/** A text of a form: one regular expression for the check and the contract. */
export const pattern = (form: RegExp, what: string): Check =>
  unless({ type: "string", pattern: form.source, title: what }, what, (value) => typeof value === "string" && form.test(value))

export const filled = pattern(/\S/, "a string that is not empty")

export const flag = unless({ type: "boolean" }, "true or false", (value) => typeof value === "boolean")

const isBetween = (value: unknown, minimum: number, maximum: number): boolean =>
  Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum

const range = (minimum: number, maximum: number): string =>
  minimum === maximum ? String(minimum) : `an integer from ${minimum} to ${maximum}`

export const integer = (minimum: number, maximum: number): Check =>
  unless({ type: "integer", minimum, maximum }, range(minimum, maximum), (value) => isBetween(value, minimum, maximum))

/** The digits of the integers from `minimum` to `maximum`, both above 0, as alternatives of a regular expression: one for each ten. */
const digits = (minimum: number, maximum: number): string =>
  Array.from({ length: Math.floor(maximum / 10) - Math.floor(minimum / 10) + 1 }, (_, index) => {
    const tens = Math.floor(minimum / 10) + index
    const from = Math.max(minimum, tens * 10) % 10
    const to = Math.min(maximum, tens * 10 + 9) % 10
    return `${tens === 0 ? "" : tens}${from === to ? from : `[${from}-${to}]`}`
  }).join("|")

/** An integer, or one written as text: what form fields are, and what xAI accepts. */
export const integerOrText = (minimum: number, maximum: number): Check =>
  unless(
    {
      anyOf: [
        { type: "integer", minimum, maximum },
        { type: "string", pattern: `^0*(?:${digits(minimum, maximum)})$`, title: "the same as text" }
      ]
    },
    range(minimum, maximum),
    (value) => isBetween(typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value, minimum, maximum)
  )

export const oneOf = (...values: ReadonlyArray<string | number>): Check =>
  unless({ enum: values }, values.length === 1 ? show(values[0]) : `one of ${values.join(", ")}`, (value) =>
    values.some((one) => one === value)
  )

export const either = (what: string, ...checks: ReadonlyArray<Check>): Check =>
  unless({ anyOf: checks.map(({ schema }) => schema) }, what, (value) => checks.some((check) => check("", value) === undefined))

/** `null` counts as absent. */
export const nullable = (check: Check): Check =>
  as({ anyOf: [check.schema, { type: "null" }] }, (field, value) => (value === null ? undefined : check(field, value)))

export const webUrl = pattern(/^[hH][tT][tT][pP][sS]?:\/\/[^\s/?#]+\S*$/, "an http or https URL")

/** The URL of a file with this ending, before query and fragment. */
const mp4Url = pattern(/^[hH][tT][tT][pP][sS]?:\/\/[^\s/?#]+\/[^\s?#]*\.[mM][pP]4(?:[?#]\S*)?$/, "an http or https URL that ends in .mp4")

const dataUrl = pattern(/^data:[\w.+-]+\/[\w.+-]+;base64,/, "a data URL")

export const webOrDataUrl = either("an http, https or data URL", webUrl, dataUrl)

export const mp4OrDataUrl = either("an http or https URL that ends in .mp4, or a data URL", mp4Url, dataUrl)

export const list = (check: Check, minimum: number, maximum = Number.POSITIVE_INFINITY): Check =>
  as(
    {
      type: "array",
      items: check.schema,
      ...(minimum === 0 ? {} : { minItems: minimum }),
      ...(Number.isFinite(maximum) ? { maxItems: maximum } : {})
    },
    (field, value) => {
      if (!Array.isArray(value)) return `${field} must be an array, not ${show(value)}`
      if (value.length < minimum || value.length > maximum) {
        const most = Number.isFinite(maximum) ? ` to ${maximum}` : " or more"
        return `${field} must have ${minimum}${most} elements, not ${value.length}`
      }
      for (const [index, element] of value.entries()) {
        const problem = check(`${field}[${index}]`, element)
        if (problem !== undefined) return problem
      }
      return undefined
    }
  )

const described = ({ check, note }: Rule): Json => (note === undefined ? check.schema : { ...check.schema, description: note })

/** Rules as the schema of an object. */
const schemaOf = (rules: Rules) => {
  const required = Object.keys(rules).filter((name) => rules[name]?.required === true)
  const properties = Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name, described(rule)]))
  return { type: "object", properties, ...(required.length === 0 ? {} : { required }) }
}

export const record = (rules: Rules): Check =>
  as(schemaOf(rules), (field, value) =>
    isRecord(value) ? violation(rules, value, `${field}.`) : `${field} must be an object, not ${show(value)}`
  )

/** An object with exactly one of these fields. */
export const exactlyOne = (rules: Rules): Check => {
  const names = Object.keys(rules)
  const whole = record(rules)
  return as({ ...whole.schema, oneOf: names.map((name) => ({ required: [name] })) }, (field, value) => {
    if (!isRecord(value)) return `${field} must be an object with ${names.join(" or ")}, not ${show(value)}`
    const present = names.filter((name) => value[name] !== undefined && value[name] !== null)
    if (present.length !== 1) return `${field} must have exactly one of ${names.join(" and ")}, not ${present.length}`
    return whole(field, value)
  })
}

/** The first thing wrong with `value`, in the order of the rules. */
const violation = (rules: Rules, value: Json, prefix = ""): string | undefined => {
  for (const [name, { check, required }] of Object.entries(rules)) {
    const field = Object.hasOwn(value, name) ? value[name] : undefined
    if (field === undefined) {
      if (required === true) return `${prefix}${name} is required`
      continue
    }
    const problem = check(`${prefix}${name}`, field)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** What a whole body must be: a judgement and a schema that agree. */
export interface Shape {
  /** What is wrong with a body, naming the field; `undefined` if nothing is. */
  readonly refuse: (body: Json) => string | undefined
  readonly schema: Json
}

/** A body of these fields, and rules over more than one of them. */
export const body = (rules: Rules, conflicts: ReadonlyArray<Conflict> = []): Shape => ({
  refuse: (value) => {
    const problem = violation(rules, value)
    if (problem !== undefined) return problem
    for (const { refuse } of conflicts) {
      const conflict = refuse(value)
      if (conflict !== undefined) return conflict
    }
    return undefined
  },
  schema: conflicts.length === 0 ? schemaOf(rules) : { ...schemaOf(rules), allOf: conflicts.map(({ schema }) => schema) }
})

/** A body whose `model` decides what its other fields may be; `rules` are those that hold for every model. */
export const bodyByModel = (rules: Rules, models: ReadonlyMap<unknown, Rules>): Shape => {
  const names = Array.from(models.keys(), String)
  const common: Rules = { model: { check: oneOf(...names), required: true }, ...rules }
  return {
    refuse: (value) => {
      const problem = violation(common, value)
      const own = models.get(value["model"])
      if (problem !== undefined || own === undefined) return problem
      const found = violation(own, value)
      return found === undefined ? undefined : `${found} (model ${String(value["model"])})`
    },
    schema: {
      oneOf: Array.from(models, ([name, own]) => {
        const rulesOfModel: Rules = { ...common, ...own, model: { check: oneOf(String(name)), required: true } }
        return { title: name, ...schemaOf(rulesOfModel) }
      })
    }
  }
}
