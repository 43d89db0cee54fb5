/** F21: which errors show that nothing was sent. */
import { describe, it } from "@effect/vitest"
import { expect } from "../../test/expect.ts"
import { failed, type Proof } from "./failure.ts"

const request = { method: "POST", url: "https://api.fake.test/jobs", headers: {} } as const

interface Words {
  readonly code?: string
  readonly syscall?: string
  readonly message?: string
}

/** As `fetch` of Node has it: the error is the cause of a vague one. */
const thrown = ({ message = "no", ...more }: Words): Error =>
  new TypeError("fetch failed", { cause: Object.assign(new Error(message), more) })

const by = (proof: Proof, words: Words) => failed(request, thrown(words), proof)

const guards: ReadonlyArray<Words> = [
  { code: "ERR_REAL_HOST" },
  { code: "ERR_UNANSWERED" },
  { code: "ERR_NOCK_NO_MATCH", message: "Nock: No match for request" },
  { code: "UND_MOCK_ERR_MOCK_NOT_MATCHED", message: "Mock dispatch not matched for path '/v1'" },
  { code: "ENETUNREACH", message: 'Nock: Disallowed net connect for "api.x.ai:443/v1"' },
  { message: '[MSW] Cannot bypass a request when using the "error" strategy for the "onUnhandledRequest" option.' }
]

const early: ReadonlyArray<Words> = [
  { code: "ENOTFOUND", syscall: "getaddrinfo" },
  { code: "EAI_FAIL", syscall: "getaddrinfo" },
  { code: "ETIMEOUT", syscall: "queryA" },
  { code: "ESERVFAIL", syscall: "queryAaaa" },
  { code: "ETIMEDOUT", syscall: "connect" },
  { code: "ECONNREFUSED" },
  { code: "UND_ERR_CONNECT_TIMEOUT" },
  { code: "UND_ERR_PRX_TLS" },
  { code: "UND_ERR_PRX_CONN" },
  { code: "ERR_TLS_CERT_ALTNAME_INVALID" },
  { code: "CERT_HAS_EXPIRED" },
  { code: "CERT_REVOKED" },
  { code: "CERT_UNTRUSTED" },
  { code: "SELF_SIGNED_CERT_IN_CHAIN" },
  { code: "DEPTH_ZERO_SELF_SIGNED_CERT" },
  { code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE" },
  { code: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY" },
  { code: "HOSTNAME_MISMATCH" },
  { code: "ERR_SSL_UNSUPPORTED_PROTOCOL" },
  { message: "Proxy response (407) !== 200 when HTTP Tunneling" },
  { message: "bad port" }
]

const late: ReadonlyArray<Words> = [
  { code: "ECONNRESET", syscall: "read" },
  { code: "ETIMEDOUT", syscall: "write" },
  { code: "ENETUNREACH", syscall: "write" },
  { code: "EPIPE", syscall: "write" },
  { code: "UND_ERR_SOCKET", message: "other side closed" },
  { code: "UND_ERR_HEADERS_TIMEOUT" },
  { code: "UND_ERR_DESTROYED" },
  { code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED" },
  { code: "ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC" },
  { code: "ERR_INVALID_URL", message: "Invalid URL" },
  { message: "it says: bad port" },
  { code: "CERTAINLY" }
]

describe("F21: nothing was sent, and another try would be stopped too,", () => {
  it.each(guards)("if something in this process refused: %j", (words) => {
    for (const proof of ["by its code", "by its proxy", "surely", "by a browser"] as const) {
      expect(by(proof, words)).toMatchObject({ because: "unsent", isFinal: true })
      expect(by(proof, words).detail).not.toContain("CORS")
    }
  })

  it.each(guards)("but not if the request began twice, since only one of the two may have been stopped: %j", (words) => {
    expect(by("by nothing", words)).toMatchObject({ because: "network" })
  })
})

describe("F21: nothing was sent", () => {
  it.each(early)("before there was a connection: %j", (words) => {
    expect(by("by its code", words)).toMatchObject({ because: "unsent" })
    expect(by("by its code", words)).not.toHaveProperty("isFinal")
    expect([by("by a browser", words).because, by("by nothing", words).because]).toEqual(["network", "network"])
  })
})

describe("F21: it may have been sent", () => {
  it.each(late)("after that: %j", (words) => {
    for (const proof of ["by its code", "by its proxy", "by a browser", "by nothing"] as const)
      expect(by(proof, words).because).toBe("network")
  })
})
