/** The two addresses of a contract, which need no key and leave no trace in the journal. */
import type { Answer } from "../../answer/Answer.ts"
import type { ContractRoute } from "../route.ts"
import { contracted, document } from "./OpenApi.ts"
import { page } from "./page.ts"

export const serve = async ({ as, provider }: ContractRoute, method: string, base: string): Promise<Answer> => {
  if (method !== "GET" && method !== "HEAD") {
    return { status: 405, body: { error: "The contract takes GET, HEAD only" }, headers: { allow: "GET, HEAD" } }
  }
  const whose = await contracted(provider)
  if (whose === undefined) return { status: 404, body: { error: `${provider.name} has no contract` } }
  const made = document(whose, base)
  return as === "docs"
    ? { status: 200, body: page(made), headers: { "content-type": "text/html; charset=utf-8" } }
    : { status: 200, body: made }
}
