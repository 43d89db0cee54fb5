import type { Provider } from "../src/base/names.ts"

/** The smallest good request of each provider's first endpoint, and where its jobs are asked for. */
export const endpoints: Readonly<Record<Provider, { submit: string; body: Record<string, unknown>; poll: (id: string) => string }>> = {
  cometapi: { submit: "/grok/v1/videos/generations", body: {}, poll: (id) => `/grok/v1/videos/${id}` },
  xingchao: { submit: "/v1/grok/videos", body: { model: "grok_video3" }, poll: (id) => `/v1/result/${id}` },
  geeknow: { submit: "/v1/videos", body: { model: "grok-video-3" }, poll: (id) => `/v1/videos/${id}` },
  xai: { submit: "/v1/videos/generations", body: {}, poll: (id) => `/v1/videos/${id}` }
}
