/** The page at `/`. */
import type { Answer } from "../answer/Answer.ts"
import { providers } from "../base/names.ts"
import { toText } from "../script/MagicPrompt.ts"

/** What this server is, in plain text; `origin` as in `http://127.0.0.1:8787`. */
export const home = (origin: string): Answer => ({
  status: 200,
  body: `Reelay's mock of four video APIs. It generates nothing and bills nothing.

Base URLs, to be used in place of the vendor's; any key that does not begin with "bad" is good:

${providers.map((provider) => `  ${origin}/${provider}`).join("\n")}

What each takes and answers: /docs below its base URL to read, /openapi.json as OpenAPI 3.1.

Words in a prompt choose what becomes of the job:

${toText()}

To look at while it runs: ${origin}/__mock/

For tests: GET /__mock/journal, /__mock/jobs, /__mock/ledger, /__mock/verify, /__mock/clock, /__mock/scripts, /__mock/faults,
/__mock/health; POST /__mock/script, /__mock/clock, /__mock/trace, /__mock/jobs/{id}/advance, /__mock/reset. A world of one's own stands at /r/<token>; POST /__mock/explore looks for the smallest in which a client fails.
`
})
