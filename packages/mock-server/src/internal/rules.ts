/**
 * Rules for a request, as tables: a name, a check, and whether it has to be there. Fields without a rule are ignored, as servers do.
 */

/** What is wrong with a value, as a sentence that begins with the field; `undefined` if nothing is. */
export type Check = (field: string, value: unknown) => string | undefined

interface Rule {
  readonly check: Check
  readonly required?: boolean
}

export type Rules = Readonly<Record<string, Rule>>

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const show = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

const unless = (holds: boolean, field: string, what: string, value: unknown): string | undefined =>
  holds ? undefined : `${field} must be ${what}, not ${show(value)}`

export const text: Check = (field, value) => unless(typeof value === "string", field, "a string", value)

export const filled: Check = (field, value) =>
  unless(typeof value === "string" && value.trim() !== "", field, "a string that is not empty", value)

export const flag: Check = (field, value) => unless(typeof value === "boolean", field, "true or false", value)

export const integer =
  (minimum: number, maximum: number): Check =>
  (field, value) =>
    unless(
      Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum,
      field,
      `an integer from ${minimum} to ${maximum}`,
      value
    )

/** An integer, or one written as text: what form fields are, and what xAI accepts. */
export const integerOrText =
  (minimum: number, maximum: number): Check =>
  (field, value) =>
    integer(minimum, maximum)(field, typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value)

export const oneOf =
  (...values: ReadonlyArray<string | number>): Check =>
  (field, value) =>
    unless(
      values.some((one) => one === value),
      field,
      values.length === 1 ? show(values[0]) : `one of ${values.join(", ")}`,
      value
    )

export const either =
  (what: string, ...checks: ReadonlyArray<Check>): Check =>
  (field, value) =>
    unless(
      checks.some((check) => check(field, value) === undefined),
      field,
      what,
      value
    )

/** `null` counts as absent. */
export const nullable =
  (check: Check): Check =>
  (field, value) =>
    value === null ? undefined : check(field, value)

export const webUrl: Check = (field, value) =>
  unless(typeof value === "string" && /^https?:$/.test(URL.parse(value)?.protocol ?? ""), field, "an http or https URL", value)

const dataUrl: Check = (field, value) =>
  unless(typeof value === "string" && /^data:[\w.+-]+\/[\w.+-]+;base64,/.test(value), field, "a data URL", value)

export const webOrDataUrl = either("an http, https or data URL", webUrl, dataUrl)

export const list =
  (check: Check, minimum: number, maximum: number): Check =>
  (field, value) => {
    if (!Array.isArray(value)) return `${field} must be an array, not ${show(value)}`
    if (value.length < minimum || value.length > maximum) {
      return `${field} must have ${minimum} to ${maximum} elements, not ${value.length}`
    }
    for (const [index, element] of value.entries()) {
      const problem = check(`${field}[${index}]`, element)
      if (problem !== undefined) return problem
    }
    return undefined
  }

export const record =
  (rules: Rules): Check =>
  (field, value) =>
    isRecord(value) ? violation(rules, value, `${field}.`) : `${field} must be an object, not ${show(value)}`

/** An object with exactly one of these fields. */
export const exactlyOne =
  (rules: Rules): Check =>
  (field, value) => {
    const names = Object.keys(rules)
    if (!isRecord(value)) return `${field} must be an object with ${names.join(" or ")}, not ${show(value)}`
    const present = names.filter((name) => value[name] !== undefined && value[name] !== null)
    if (present.length !== 1) return `${field} must have exactly one of ${names.join(" and ")}, not ${present.length}`
    return record(rules)(field, value)
  }

/** The first thing wrong with `value`, in the order of the rules. */
export const violation = (rules: Rules, value: Readonly<Record<string, unknown>>, prefix = ""): string | undefined => {
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
