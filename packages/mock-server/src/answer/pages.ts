/**
 * What stands between a client and an API says in the API's place.
 */
import type { Answer } from "./Answer.ts"

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
