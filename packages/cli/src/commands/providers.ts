/** `reelay providers`: what each provider takes, from the same table that refuses requests. */
import { Capability } from "@reelay/core"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import { type Definition, definitions, keyVariable } from "../Registry.ts"

const flags = {
  json: Flag.Boolean("json").pipe(Flag.withDefault(false), Flag.withDescription("Print one JSON object per provider on standard output"))
}

export const providers = Command.make("providers", flags, ({ json }) =>
  Console.log(json ? definitions.map((each) => JSON.stringify(dataOf(each))).join("\n") : definitions.map(textOf).join("\n\n"))
).pipe(Command.withDescription("List the providers, their models, and what each model takes"))

const dataOf = ({ baseUrl, capabilities, docs, name, polling, title }: Definition) => ({
  provider: name,
  title,
  baseUrl,
  docs,
  keyVariable: keyVariable(name),
  paceSeconds: polling.interval / 1000,
  deadlineSeconds: polling.deadline / 1000,
  models: capabilities
})

const textOf = ({ baseUrl, capabilities, docs, name, polling, title }: Definition): string =>
  [
    `${name}  (${title})`,
    `  API        ${baseUrl}`,
    `  key        ${keyVariable(name)}`,
    `  polls      every ${polling.interval / 1000} s, for ${polling.deadline / 60_000} min`,
    `  documents  ${docs}`,
    ...capabilities.flatMap(rowOf)
  ].join("\n")

const rowOf = (row: Capability.Capability): ReadonlyArray<string> => [
  `  ${row.model}, ${row.mode}${row.note === undefined ? "" : ` (${row.note})`}`,
  `    prompt ${row.prompt}; seconds ${Capability.describeSeconds(row.duration)}; ratio ${Capability.describeWords(row.aspectRatio)}; ` +
    `resolution ${Capability.describeWords(row.resolution)}; images ${Capability.describeImages(row.images)}${row.video === undefined ? "" : "; source video needed"}`
]
