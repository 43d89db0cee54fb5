/** The providers that the command knows, by name. A new one is one line here. */
import { type Provider, type VideoRequest } from "@reelay/core"
import { cometapiDefinition, geeknowDefinition, xaiDefinition, xingchaoDefinition } from "@reelay/providers"

export type Definition = Provider.Definition<VideoRequest.VideoRequest>

export const definitions: ReadonlyArray<Definition> = [cometapiDefinition, xingchaoDefinition, geeknowDefinition, xaiDefinition]

export const names: ReadonlyArray<string> = definitions.map(({ name }) => name)

export const find = (name: string): Definition | undefined => definitions.find((each) => each.name === name)

/** The environment variable for a provider's key, read if no flag gives it. */
export const keyVariable = (name: string): string => `REELAY_${name.toUpperCase()}_API_KEY`
