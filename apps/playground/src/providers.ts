/** The providers of the page, each with the table of what its models can do. */
import type { Provider, VideoRequest } from "@reelay/core"
import * as cometapi from "@reelay/providers/cometapi"
import * as geeknow from "@reelay/providers/geeknow"
import * as xai from "@reelay/providers/xai"
import * as xingchao from "@reelay/providers/xingchao"
import type { Table } from "./model/options.ts"

export type ProviderName = "xai" | "cometapi" | "geeknow" | "xingchao"

interface Listed {
  readonly title: string
  readonly table: Table
  readonly configured: (options: { readonly apiKey: string; readonly baseUrl: string }) => Provider.Provider<VideoRequest.VideoRequest>
}

const listed = (
  { capabilities, title }: { readonly capabilities: Table; readonly title: string },
  configured: Listed["configured"]
): Listed => ({ title, table: capabilities, configured })

export const catalogue: Readonly<Record<ProviderName, Listed>> = {
  xai: listed(xai.definition, xai.xai),
  cometapi: listed(cometapi.definition, cometapi.cometapi),
  geeknow: listed(geeknow.definition, geeknow.geeknow),
  xingchao: listed(xingchao.definition, xingchao.xingchao)
}

const isName = (name: string): name is ProviderName => Object.hasOwn(catalogue, name)

export const names: ReadonlyArray<ProviderName> = Object.keys(catalogue).filter(isName)

/** The first one for a name that is none. */
export const nameOf = (name: string | undefined): ProviderName => (name !== undefined && isName(name) ? name : "xai")
