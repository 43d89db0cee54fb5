/** Where the real providers are, as their documents have it: the hosts that a mock stands in for. */
import { type Provider, providers } from "../base/names.ts"

interface Vendor {
  /** Of its API. */
  readonly origin: string
  /** With all that is below it: other regions, files, accounts. */
  readonly domain: string
}

/**
 * From https://apidoc.cometapi.com, https://docs.xingchaoyiqing.com/api-reference/video/grok-create,
 * https://docs.geeknow.top/api-reference/videos/grok/generation and https://docs.x.ai/developers/rest-api-reference/inference/videos
 */
export const vendors: Readonly<Record<Provider, Vendor>> = {
  cometapi: { origin: "https://api.cometapi.com", domain: "cometapi.com" },
  xingchao: { origin: "https://zcbservice.aizfw.cn", domain: "aizfw.cn" },
  geeknow: { origin: "https://www.geeknow.top", domain: "geeknow.top" },
  xai: { origin: "https://api.x.ai", domain: "x.ai" }
}

/** Whom a self-test asks: a name that nobody can have (RFC 6761), so that nothing is met even where a switch is broken. */
export const canary = "leak-switch.reelay.invalid"

/** Whose host it is; `undefined` where it is none of a real provider. */
export const whoseIs = (host: string): Provider | "nobody" | undefined => {
  const name = host.toLowerCase().replace(/\.$/, "")
  if (name === canary) return "nobody"
  return providers.find((provider) => {
    const { domain } = vendors[provider]
    return name === domain || name.endsWith(`.${domain}`)
  })
}
