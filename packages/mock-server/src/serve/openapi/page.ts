/**
 * A contract as a page to read: one file of HTML without scripts, made from the OpenAPI document alone, so that both say the same.
 */
import { isRecord, type Json } from "../../base/Rules.ts"
import type { document } from "./OpenApi.ts"

const escapes: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" }

const escaped = (value: unknown): string => String(value).replaceAll(/[&<>"]/g, (character) => escapes[character] ?? "")

const code = (value: unknown): string => `<code>${escaped(value)}</code>`

const records = (value: unknown): ReadonlyArray<Json> => (Array.isArray(value) ? value.filter(isRecord) : [])

const entries = (value: unknown): ReadonlyArray<readonly [string, Json]> =>
  isRecord(value) ? Object.entries(value).flatMap(([name, inner]) => (isRecord(inner) ? [[name, inner] as const] : [])) : []

const nameOf = ({ $ref }: Json): string | undefined => (typeof $ref === "string" ? $ref.slice($ref.lastIndexOf("/") + 1) : undefined)

/** An integer of JavaScript is as wide as this; to a reader that says nothing. */
const isTold = (bound: unknown): boolean => typeof bound === "number" && Math.abs(bound) < Number.MAX_SAFE_INTEGER

const rangeOf = ({ maximum, maxItems, minimum, minItems }: Json): string => {
  const [from, to] = [minimum ?? minItems, maximum ?? maxItems].map((bound) => (isTold(bound) ? String(bound) : undefined))
  if (from !== undefined && to !== undefined) return from === to ? ` ${from}` : ` ${from} to ${to}`
  if (from !== undefined) return ` ${from} or more`
  return to === undefined ? "" : ` up to ${to}`
}

/** What a value must be, in a few words of HTML. */
const typeOf = (schema: Json): string => {
  const { anyOf, const: only, enum: values, items, oneOf, pattern, title, type } = schema
  const name = nameOf(schema)
  if (name !== undefined) return `<a href="#${escaped(name)}">${escaped(name)}</a>`
  if (only !== undefined) return code(JSON.stringify(only))
  if (Array.isArray(values)) return values.map((value) => code(typeof value === "string" ? value : JSON.stringify(value))).join(" ")
  if (Array.isArray(anyOf)) return [...new Set(records(anyOf).map(typeOf))].join(" or ")
  if (schema["not"] !== undefined) return "absent"
  if (Array.isArray(oneOf))
    return `object with one of ${entries(schema["properties"])
      .map(([field]) => code(field))
      .join(" or ")}`
  if (type === "array")
    return `array${rangeOf(schema) === "" ? "" : ` of${rangeOf(schema)}`}, each: ${isRecord(items) ? typeOf(items) : "anything"}`
  if (typeof title === "string") return escaped(title)
  if (typeof pattern === "string") return `string as ${code(pattern)}`
  if (schema["contentMediaType"] !== undefined) return "file"
  return `${escaped(type ?? "anything")}${rangeOf(schema)}`
}

/** The object behind a field, if it is one that has no name of its own: its fields are listed with those around it. */
const insideOf = (schema: Json): Json | undefined => {
  const inner = records(schema["anyOf"]).find(({ type }) => type === "object") ?? schema
  return isRecord(inner["properties"]) && Object.keys(inner["properties"]).length > 0 ? inner : undefined
}

const rowsOf = (schema: Json, prefix = ""): ReadonlyArray<string> => {
  const required = Array.isArray(schema["required"]) ? schema["required"] : []
  return entries(schema["properties"]).flatMap(([name, field]) => {
    const inside = insideOf(field)
    const must = required.includes(name) ? '<td class="must">required</td>' : "<td></td>"
    const row = `<tr><td>${code(prefix + name)}</td>${must}<td>${typeOf(field)}</td><td>${escaped(field["description"] ?? "")}</td></tr>`
    return [row].concat(inside === undefined ? [] : rowsOf(inside, `${prefix}${name}.`))
  })
}

const tableOf = (schema: Json): string => {
  const rows = rowsOf(schema)
  if (rows.length === 0) return `<p>${typeOf(schema)}</p>`
  const rules = records(schema["allOf"]).flatMap(({ description }) =>
    description === undefined ? [] : [`<li>${escaped(description)}</li>`]
  )
  const list = rules.length === 0 ? "" : `<ul>${rules.join("")}</ul>`
  return `<div class="wide"><table><colgroup><col style="width: 30%"><col style="width: 9%"><col><col style="width: 27%"></colgroup><thead><tr><th>Field</th><th></th><th>What it is</th><th></th></tr></thead><tbody>${rows.join("")}</tbody></table></div>${list}`
}

/** One table, or one for each form that a body may have. */
const bodyOf = (schema: Json): string => {
  const forms = [...records(schema["oneOf"]), ...records(schema["anyOf"])]
  if (isRecord(schema["properties"]) || forms.length === 0) return tableOf(schema)
  if (forms.every((form) => nameOf(form) !== undefined)) return `<p>${forms.map(typeOf).join(" or ")}</p>`
  return forms.map((form, index) => `<h5>${escaped(form["title"] ?? `Form ${index + 1}`)}</h5>${tableOf(form)}`).join("")
}

const json = (value: unknown): string => `<pre>${escaped(JSON.stringify(value, undefined, 2))}</pre>`

const badge = (evidence: string): string => `<span class="${escaped(evidence.split(" ")[0])}">${escaped(evidence)}</span>`

const exampleOf = ([name, example]: readonly [string, Json], isOpen: boolean): string => {
  const source = `<a href="${escaped(example["x-source"])}">${escaped(example["summary"])}</a>`
  return `<details${isOpen ? " open" : ""}><summary>${code(name)} ${badge(String(example["x-evidence"]))}</summary><p>${source}; its status is ${escaped(example["x-evidence-of-status"])}.</p>${json(example["value"])}</details>`
}

const answerOf = ([status, answer]: readonly [string, Json]): string => {
  const parts = entries(answer["content"]).map(([media, { examples, schema }]) => {
    const form = isRecord(schema) && Object.keys(schema).length > 0 ? bodyOf(schema) : `<p>${code(media)}</p>`
    return (
      form +
      entries(examples)
        .map((example, index) => exampleOf(example, index === 0 && status.startsWith("2")))
        .join("")
    )
  })
  const guess = typeof answer["x-evidence"] === "string" ? ` ${badge(answer["x-evidence"])}` : ""
  const empty = answer["x-may-be-empty"] === true ? "<p>The body may be empty.</p>" : ""
  const links = entries(answer["links"]).map(
    ([, { description, operationId }]) => `<a href="#${escaped(operationId)}">${escaped(description)}</a>`
  )
  const next = links.length === 0 ? "" : `<p>Next: ${links.join(" ")}</p>`
  return `<section class="answer"><h4><span class="s${status.slice(0, 1)}">${escaped(status)}</span> ${escaped(answer["description"])}${guess}</h4>${empty}${parts.join("")}${next}</section>`
}

const requestOf = (body: unknown): string => {
  const content = entries(isRecord(body) ? body["content"] : undefined)
  const [first] = content
  if (first === undefined) return ""
  const [, { example, schema }] = first
  const media = content.map(([name]) => code(name)).join(" or ")
  return `<h3>Body</h3><p>${media}. Fields that are not listed are ignored.</p>${isRecord(schema) ? bodyOf(schema) : ""}<p>The cheapest one:</p>${json(example)}`
}

const operationOf = (path: string, method: string, operation: Json): string => `
<article id="${escaped(operation["operationId"])}">
<h2><span class="method">${escaped(method.toUpperCase())}</span> ${code(path)}</h2>
<p>${escaped(operation["summary"])}</p>
${requestOf(operation["requestBody"])}
<h3>Answers</h3>
${entries(operation["responses"]).map(answerOf).join("\n")}
</article>`

const style = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --link: light-dark(#0a58b0, #7db4ff) }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 0 auto; padding: 1.5rem 1rem 6rem }
h1 { margin-bottom: 0.25rem } h2 { margin-top: 0; font-size: 1.3rem } h3 { margin: 1.5rem 0 0.5rem } h4 { margin: 0 0 0.5rem; font-weight: 500 }
h5 { margin: 1rem 0 0.25rem; font-size: 1rem } p { margin: 0.4rem 0 } a { color: var(--link) }
code, pre { font: 0.87em/1.45 ui-monospace, monospace } code { background: var(--soft); padding: 0.1em 0.3em; border-radius: 4px }
h2 code { background: none; font-weight: 600; overflow-wrap: anywhere }
pre { background: var(--soft); padding: 0.75rem; border-radius: 6px; overflow-x: auto; margin: 0.4rem 0 }
article, .form { border-top: 2px solid var(--line); padding-top: 1.5rem; margin-top: 2.5rem } article:target, .form:target { border-top-color: var(--link) }
.answer { border-left: 3px solid var(--line); padding: 0.1rem 0 0.1rem 1rem; margin: 1rem 0 }
.wide { overflow-x: auto } table { border-collapse: collapse; width: 100% } td, th { text-align: left; vertical-align: top; padding: 0.3rem 0.8rem 0.3rem 0; border-bottom: 1px solid var(--line) }
th { font-weight: 500; opacity: 0.7 } .must { font-size: 0.85em; opacity: 0.75 } details { margin: 0.4rem 0 } summary { cursor: pointer }
.method, .s2, .s4, .s5, .documented, .observed, .assumed { font-size: 0.8em; padding: 0.1em 0.5em; border-radius: 4px; font-weight: 600; color: #fff }
.method { background: #555 } .s2, .documented { background: #17733d } .s4 { background: #8a4b00 } .s5, .assumed { background: #9a2a2a } .observed { background: #1f5fa8 }
nav a { margin-right: 1rem; white-space: nowrap }
`

/** The page of a document. */
export const page = ({ components, externalDocs, info, paths, servers }: ReturnType<typeof document>): string => {
  const all = Object.entries(paths).flatMap(([path, item]) => entries(item).map(([method, operation]) => ({ path, method, operation })))
  const contents = all.map(
    ({ method, operation, path }) =>
      `<li><a href="#${escaped(operation["operationId"])}">${method.toUpperCase()} ${escaped(path)}</a>: ${escaped(operation["summary"])}</li>`
  )
  const forms = Object.entries(components.schemas).map(
    ([name, schema]) => `<section class="form" id="${escaped(name)}"><h2>${escaped(name)}</h2>${bodyOf(schema)}</section>`
  )
  return `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(info.title)}</title><style>${style}</style></head>
<body>
<h1>${escaped(info.title)}</h1>
<p>${escaped(info.description)}</p>
<p>Evidence: <span class="documented">documented</span> by the vendor, <span class="observed">observed</span> in the field, <span class="assumed">assumed</span> by the mock.</p>
<nav><a href="openapi.json">openapi.json</a><a href="${escaped(externalDocs.url)}">${escaped(externalDocs.description)}</a></nav>
<ul>${servers.map(({ description, url }) => `<li>${escaped(description)}: ${code(url)}</li>`).join("")}</ul>
<p>Every request has the header ${code("Authorization: Bearer <key>")}.</p>
<ul>${contents.join("")}</ul>
${all.map(({ method, operation, path }) => operationOf(path, method, operation)).join("\n")}
<h1 style="margin-top: 4rem">Forms</h1>
${forms.join("\n")}
</body>
</html>
`
}
