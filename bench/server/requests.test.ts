import { describe, expect, it } from "vitest"
import { requestsIn } from "./requests.ts"

const get = "GET /v1/videos/j1 HTTP/1.1\r\nHost: a\r\n\r\n"
const post = (body: string) => `POST /v1/videos HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`
const chunked = 'POST /v1/videos HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{"a"\r\n3\r\n:1}\r\n0\r\n\r\n'

describe("requests", () => {
  it("are read one after another, with bodies of either kind", () => {
    const { requests, rest } = requestsIn(`${get}${post("{}")}${chunked}${get}`)
    expect([requests.map(({ method }) => method), rest]).toStrictEqual([["GET", "POST", "POST", "GET"], ""])
    expect(requests[0]?.path).toBe("/v1/videos/j1")
  })
  it("that are cut anywhere wait for the rest", () => {
    const whole = `${post('{"a":"GET / HTTP/1.1"}')}${chunked}${get}`
    for (let at = 0; at <= whole.length; at++) {
      const first = requestsIn(whole.slice(0, at))
      const second = requestsIn(first.rest + whole.slice(at))
      expect([first.requests.length + second.requests.length, second.rest]).toStrictEqual([3, ""])
    }
  })
})
