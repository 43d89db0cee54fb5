/** The first part of a gateway's paths: whose surface it has, and over whose API. */
export const name = "cometapi+xai"
