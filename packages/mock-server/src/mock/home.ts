/** The page at `/`. */
import type { Answer } from "../answer/Answer.ts"
import type { Provider } from "../provider/Provider.ts"
import { toText } from "../script/MagicPrompt.ts"

const numbers = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]

const apis = (count: number): string => `${numbers[count] ?? count} video API${count === 1 ? "" : "s"}`

/** A gateway is no other API than its surface. */
const isApi = ({ gateway }: Provider): boolean => gateway === undefined

/** What this server is, in plain text; `origin` as in `http://127.0.0.1:8787`. */
export const home = (origin: string, providers: ReadonlyArray<Provider>): Answer => ({
  status: 200,
  body: `Reelay's mock of ${apis(providers.filter(isApi).length)}. It generates nothing and bills nothing.

Base URLs, to be used in place of the vendor's; any key that does not begin with "bad" is good:

${providers
  .filter(isApi)
  .map(({ name }) => `  ${origin}/${name}`)
  .join("\n")}

What each takes and answers: /docs below its base URL to read, /openapi.json as OpenAPI 3.1.

Words in a prompt choose what becomes of the job:

${toText()}

To look at while it runs: ${origin}/__mock/

For tests: GET /__mock/journal, /__mock/jobs, /__mock/ledger, /__mock/verify, /__mock/clock, /__mock/scripts, /__mock/faults,
/__mock/health; POST /__mock/script, /__mock/clock, /__mock/trace, /__mock/jobs/{id}/advance, /__mock/reset. A world of one's own stands at /r/<token>; POST /__mock/explore looks for the smallest in which a client fails.
`
})
