/** The providers that the mock plays; the first part of a path on its server. */
export const providers = ["cometapi", "xingchao", "geeknow", "xai"] as const

export type Provider = (typeof providers)[number]

/** The first part of a gateway's paths: whose surface it has, and over whose API. */
export const gateway = "cometapi+xai"
