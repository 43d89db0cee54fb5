// A server that keeps the key, and the page that uses it: npx vite build page && node server.ts
import { serve } from "@hono/node-server"
import { serveStatic } from "@hono/node-server/serve-static"
import { FileJournal } from "@reelay/node"
import { xai } from "@reelay/providers/xai"
import { createRelay } from "@reelay/relay/node"
import { Hono } from "hono"
import { getCookie, setCookie } from "hono/cookie"

const { PORT = "3000", XAI_API_KEY: apiKey = "", XAI_BASE_URL: baseUrl } = process.env

const relay = createRelay({
  providers: [xai({ apiKey, baseUrl })],
  // Jobs and what was paid for outlive a restart.
  journal: FileJournal.make("jobs"),
  // In place of your sign-in: whoever has the cookie of a visit. Anybody can visit, so put a sign-in before this meets the internet.
  authorize: ({ headers }) => {
    const [, user] = /(?:^|; )visitor=([\w-]{36})/u.exec(headers.get("cookie") ?? "") ?? []
    return user === undefined ? undefined : { user }
  }
})

const app = new Hono()
app.all("/api/video/*", ({ req }) => relay(req.raw))
app.use(async (context, next) => {
  if (getCookie(context, "visitor") === undefined)
    setCookie(context, "visitor", crypto.randomUUID(), { httpOnly: true, sameSite: "Lax", maxAge: 30 * 86_400 })
  await next()
})
app.use(serveStatic({ root: `${import.meta.dirname}/page/dist` }))

const server = serve({ fetch: app.fetch, port: Number(PORT) }, ({ port }) => console.log(`http://localhost:${port}`))
// Submissions that have begun get their answer; jobs continue at the provider, and here after the next start.
process.once("SIGTERM", () => relay.dispose().then(() => server.close()))
