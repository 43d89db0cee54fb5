/**
 * The mock's own routes, for tests and people; they need no key, and do not show in the journal.
 */
import type { Answer } from "../dialects/Dialect.ts"
import { home } from "./pages.ts"

/** What is shown of a mock, and how it forgets. */
interface Shown {
  readonly journal: ReadonlyArray<unknown>
  readonly jobs: ReadonlyArray<unknown>
  readonly reset: () => void
}

interface AdminRoute {
  readonly method: "GET" | "POST"
  readonly answer: (mock: Shown, origin: string) => Answer
}

const routes: ReadonlyMap<string, AdminRoute> = new Map<string, AdminRoute>([
  ["/", { method: "GET", answer: (_, origin) => home(origin) }],
  ["/__mock/health", { method: "GET", answer: () => ({ status: 200, body: { status: "ok" } }) }],
  ["/__mock/journal", { method: "GET", answer: (mock) => ({ status: 200, body: mock.journal }) }],
  ["/__mock/jobs", { method: "GET", answer: (mock) => ({ status: 200, body: mock.jobs }) }],
  [
    "/__mock/reset",
    {
      method: "POST",
      answer: (mock) => {
        mock.reset()
        return { status: 200, body: { status: "reset" } }
      }
    }
  ]
])

export const admin = (mock: Shown, method: string, url: URL): Answer => {
  const route = routes.get(url.pathname)
  if (route === undefined) return { status: 404, body: { error: `No handler found for ${method} ${url.pathname}` } }
  if (method === route.method || (method === "HEAD" && route.method === "GET")) return route.answer(mock, url.origin)
  return { status: 405, body: { error: `${url.pathname} takes ${route.method} only` }, headers: { allow: route.method } }
}
