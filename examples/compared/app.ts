/** What the three servers share: whoever visits the page gets a cookie, and the built page is served. It is in no count. */
import { serve } from "@hono/node-server"
import { serveStatic } from "@hono/node-server/serve-static"
import type { Hono } from "hono"
import { setCookie } from "hono/cookie"

/** In place of a sign-in. */
export const visitorOf = (cookies: string | null | undefined): string | undefined => /(?:^|; )visitor=([\w-]{36})/u.exec(cookies ?? "")?.[1]

export const start = (app: Hono, folder: string): void => {
  app.use(async (context, next) => {
    if (visitorOf(context.req.header("cookie")) === undefined)
      setCookie(context, "visitor", crypto.randomUUID(), { httpOnly: true, sameSite: "Lax", maxAge: 30 * 86_400 })
    await next()
  })
  app.use(serveStatic({ root: `${folder}/dist` }))
  serve({ fetch: app.fetch, port: Number(process.env["PORT"] ?? 3000) }, ({ port }) => console.log(`http://localhost:${port}`))
}
