/**
 * Where a link may lead: an address from outside must not reach into the caller's own network.
 *
 * Core checks the link itself. Only a platform package can see what a host name resolves to: it provides a client that checks.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as HttpClient from "effect/http/HttpClient"

/**
 * The client for links that lead away from the API's own origin. It fails with `PrivateAddress` as its cause if a name resolves to no
 * public address, and connects only to addresses that it has checked.
 *
 * Default (a browser, your own `fetch`): such links go through the ordinary client, and only the link itself is checked.
 *
 * @category services
 * @since 0.1.0
 */
export const Client: Context.Reference<HttpClient.HttpClient | undefined> = Context.Reference("@reelay/core/PublicNetwork/Client", {
  defaultValue: (): HttpClient.HttpClient | undefined => undefined
})

/**
 * What `Client` fails to connect with: the name has no public address.
 *
 * @category errors
 * @since 0.1.0
 */
export class PrivateAddress extends Data.TaggedError("PrivateAddress")<{
  readonly host: string
  /** The address that it resolved to. */
  readonly address: string
}> {
  override get message(): string {
    return `${this.host} resolves to ${this.address}, which is a private address`
  }
}

/**
 * Whether a host, in the form of `URL`, or an IP address is private, loopback, link-local or otherwise not on the public internet. Names are
 * not resolved: one without a dot, and those under `localhost`, `local`, `localdomain`, `internal` and `home.arpa`, are never public. An
 * unreadable address is not public either.
 *
 * @category guards
 * @since 0.1.0
 */
export const isPrivate = (hostname: string): boolean => {
  const host = hostname.replace(/\.+$/u, "").toLowerCase()
  if (host.includes(":")) return isPrivateV6(host.replaceAll(/^\[|\]$|%.*$/gu, ""))
  const v4 = quad(host)
  if (v4 !== undefined) return isPrivateV4(v4)
  return !host.includes(".") || /\.(localhost|local|localdomain|internal|home\.arpa)$/u.test(host)
}

/** `URL` has already turned octal, hexadecimal and shortened forms into four decimal parts. */
const quad = (host: string): number | undefined => {
  if (!/^\d+\.\d+\.\d+\.\d+$/u.test(host)) return undefined
  return host.split(".").reduce((sum, part) => sum * 256 + Number(part), 0)
}

/** IANA's special-purpose blocks: first address and prefix length. */
const blocks: ReadonlyArray<readonly [string, number]> = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3]
]

const isPrivateV4 = (address: number): boolean =>
  blocks.some(([first, length]) => {
    const size = 2 ** (32 - length)
    return Math.floor(address / size) === Math.floor((quad(first) ?? 0) / size)
  })

const isPrivateV6 = (host: string): boolean => {
  const parts = groups(host)
  if (parts === undefined) return true
  const [a = 0, b = 0, c = 0, , , f = 0, g = 0, h = 0] = parts
  const last = g * 65_536 + h
  // ::ffff:0:0/96 is IPv4 written as IPv6, and 64:ff9b::/96 is IPv4 behind a NAT64.
  const mapped = parts.slice(0, 5).every((part) => part === 0) && f === 0xffff
  const translated = a === 0x64 && b === 0xff9b && parts.slice(2, 6).every((part) => part === 0)
  if (mapped || translated) return isPrivateV4(last)
  // 2002::/16 is 6to4: the IPv4 address follows the prefix.
  if (a === 0x2002) return isPrivateV4(b * 65_536 + c)
  // Only 2000::/3 is allocated at all; within it 2001::/23 (Teredo, ORCHID and others) and two documentation blocks are special.
  return (a & 0xe000) !== 0x2000 || (a === 0x2001 && (b < 0x200 || b === 0xdb8)) || (a & 0xfff0) === 0x3ff0
}

/** The eight groups of an IPv6 address; its end may be written as IPv4. */
const groups = (host: string): ReadonlyArray<number> | undefined => {
  const v4 = /(?<=:)\d+\.\d+\.\d+\.\d+$/u.exec(host)?.[0]
  const low = v4 === undefined ? 0 : (quad(v4) ?? 0)
  const text = v4 === undefined ? host : `${host.slice(0, -v4.length)}${(low >>> 16).toString(16)}:${(low & 0xffff).toString(16)}`
  if (!/^[\da-f:]+$/u.test(text)) return undefined
  const [head = "", tail, ...more] = text.split("::")
  const left = head === "" ? [] : head.split(":")
  const right = tail === undefined || tail === "" ? [] : tail.split(":")
  const missing = 8 - left.length - right.length
  if (more.length > 0 || (tail === undefined ? missing !== 0 : missing < 1)) return undefined
  const parts = [...left, ...Array.from({ length: missing }, () => "0"), ...right].map((part) => Number.parseInt(part, 16))
  return parts.every((part) => part <= 0xffff) ? parts : undefined
}
