import { createRouteHandler } from "@fal-ai/server-proxy/hono"
import { Hono } from "hono"
import { start, visitorOf } from "../app.ts"

const proxy = createRouteHandler({
  allowedEndpoints: ["xai/grok-imagine-video/**"],
  allowUnauthorizedRequests: false,
  isAuthenticated: async (request) => visitorOf(String(request.getHeader("cookie"))) !== undefined
})

start(new Hono().all("/api/fal/proxy", proxy), import.meta.dirname)
