/** The four providers at the mock, for tests in this process and for the programs that they start. */
import type { Provider, VideoRequest } from "@reelay/core"
import { cometapi } from "@reelay/providers/cometapi"
import { geeknow } from "@reelay/providers/geeknow"
import { xai } from "@reelay/providers/xai"
import { xingchao } from "@reelay/providers/xingchao"

export type Configured = Provider.Provider<VideoRequest.VideoRequest>

const makers = { cometapi, xingchao, geeknow, xai } satisfies Record<string, (options: Provider.Options) => Configured>
export type Name = keyof typeof makers
export const names = ["cometapi", "xingchao", "geeknow", "xai"] as const satisfies ReadonlyArray<Name>

export const at = (name: Name, url: string): Configured => makers[name]({ apiKey: "sk-test-key", baseUrl: `${url}/${name}` })
