/**
 * Texts that people read: the page at `/`, and the HTML of a proxy that has lost its server.
 */
import { type Answer, providers } from "../provider/Dialect.ts"
import { toText } from "../script/MagicPrompt.ts"

/** What a proxy in front of an API says, whatever the client asked for. */
export const proxyError = (status: 502 | 503): Answer => {
  const title = status === 502 ? "502 Bad Gateway" : "503 Service Temporarily Unavailable"
  return {
    status,
    body: `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n`,
    headers: { "content-type": "text/html" }
  }
}

/** What a network says that wants one to sign in first: with HTTP 200, whatever was asked for. */
export const captivePage: Answer = {
  status: 200,
  body: "<!DOCTYPE html>\n<html>\n<head><title>Welcome</title></head>\n<body><h1>Please sign in to use this network.</h1></body>\n</html>\n",
  headers: { "content-type": "text/html; charset=utf-8" }
}

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
