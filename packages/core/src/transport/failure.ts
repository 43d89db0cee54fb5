/** Why a request has no answer, read from the error that it ended with: whether it was surely not sent, and what to say of it. Pure. */
import { excerpt, withoutSecret } from "../base/Text.ts"
import { NeverSent, type NoAnswer, type Outgoing } from "./exchange.ts"

/**
 * What shows that a failed request was surely not sent: its transport (`surely`), the listed codes of Node and undici, a proxy that refused it, or
 * nothing. After `fetch` was called a browser shows nothing either, and the message says why.
 *
 * @category models
 * @since 0.1.0
 */
export type Proof = "surely" | "by its code" | "by its proxy" | "by a browser" | "by nothing"

/**
 * The outcome of a transport's request that failed with this error. Its message contains no header values but those of ordinary headers.
 *
 * @category constructors
 * @since 0.1.0
 */
export const failed = (request: Outgoing, error: unknown, unsent: Proof): NoAnswer => {
  const causes = chain(error)
  // It may have played the connection, too. Of a request that began twice, only one may have been stopped.
  const isStopped = unsent !== "by nothing" && causes.some(stopped)
  const isUnsent = {
    surely: () => true,
    "by its code": () => causes.some(neverConnected),
    "by its proxy": () => causes.some(({ message }) => noTunnel.test(message)),
    "by a browser": () => false,
    "by nothing": () => false
  }[unsent]
  const codes = causes.map((cause) => cause.code).filter((code) => code !== undefined)
  const words = causes.map((cause) => cause.message).find((message) => !vague.has(message))
  return {
    _tag: "NoAnswer",
    because: isStopped || isUnsent() ? "unsent" : "network",
    ...(isStopped ? { isFinal: true } : {}),
    detail: `${excerpt(secretsOf(request).reduce(withoutSecret, [...new Set(codes), words ?? "the request failed"].join(": ")))}${unsent === "by a browser" && !isStopped ? hidden : ""}`
  }
}

/** Headers without secrets. */
const ordinary = new Set(["accept", "content-type", "user-agent"])

/** The secrets in the headers of a request: the key, with and without its scheme, and what the caller added. */
const secretsOf = ({ headers }: Outgoing): ReadonlyArray<string> =>
  Object.entries(headers).flatMap(([name, value]) => {
    if (ordinary.has(name)) return []
    return name === "authorization" ? [value.slice(value.indexOf(" ") + 1), value] : [value]
  })

/** What a page gets to know of a failed request, and the usual causes. */
const hidden = ". A browser does not say why a request failed: the server may be out of reach, or may have refused this page (CORS)"

/** Messages that say less than their cause. */
const vague = new Set(["", "fetch failed", "nothing was sent"])

interface Cause {
  readonly never: boolean
  readonly code: string | undefined
  readonly syscall: string | undefined
  readonly message: string
}

/** An error, what caused it, and so on; an AggregateError (one per address that was tried) is its last part. */
const chain = (error: unknown, depth = 0): ReadonlyArray<Cause> => {
  if (!(error instanceof Error) || depth > 5) return []
  const code = Reflect.get(error, "code")
  const syscall = Reflect.get(error, "syscall")
  const parts: ReadonlyArray<unknown> = error instanceof AggregateError ? error.errors : []
  return [
    {
      never: error instanceof NeverSent,
      code: typeof code === "string" ? code : undefined,
      syscall: typeof syscall === "string" ? syscall : undefined,
      message: error.message
    },
    ...chain(parts.at(-1), depth + 1),
    ...chain(error.cause, depth + 1)
  ]
}

/**
 * Errors that come before the first byte: names from Node's DNS, net and TLS, from undici and Bun. A browser names none: there every failure is
 * uncertain. A certificate is verified before a request is written, so all of OpenSSL's names for what is wrong with one are among them. Which others
 * were left out, and why: decisions/0021.
 */
const beforeSending =
  /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ConnectionRefused|FailedToOpenSocket|UND_ERR_(CONNECT_TIMEOUT|PRX_TLS|PRX_CONN)|ERR_TLS_(CERT_ALTNAME_INVALID|HANDSHAKE_TIMEOUT)|ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNSUPPORTED_PROTOCOL|TLSV1_ALERT_PROTOCOL_VERSION|TLSV1_UNRECOGNIZED_NAME)|(CERT|CRL|(DEPTH_ZERO_)?SELF_SIGNED|UNABLE_TO_(GET|DECRYPT|DECODE|VERIFY))_\w+|INVALID_(CA|PURPOSE)|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)$/u

/** Calls of the system that make a connection: to a name server, or to the server itself. */
const connecting = /^(connect|getaddrinfo|query[A-Z]\w*)$/u

/** undici's messages if a proxy makes no tunnel, or wants another password; these errors have no names of their own. */
const noTunnel = /^(Proxy response \(\d+\) !== 200|Proxy Authentication Required \(407\))/u

const neverConnected = ({ code = "", message, never, syscall = "" }: Cause): boolean =>
  never ||
  beforeSending.test(code) ||
  connecting.test(syscall) ||
  noTunnel.test(message) ||
  // What `fetch` of Node says of a port that no request may go to: https://fetch.spec.whatwg.org/#port-blocking.
  message === "bad port"

/** What stands in front of the network in a test refuses under these names: the guard and the MSW host of the mock, nock, undici's `MockAgent`. */
const guards = /^(ERR_REAL_HOST|ERR_UNANSWERED|ERR_NOCK_NO_MATCH|UND_MOCK_ERR_MOCK_NOT_MATCHED)$/u

/** The same in words: nock's `disableNetConnect`, whose code is that of a network, and MSW's strategy "error". */
const guarding = /^(Nock: Disallowed net connect|\[MSW\] Cannot bypass)/u

const stopped = ({ code = "", message }: Cause): boolean => guards.test(code) || guarding.test(message)
