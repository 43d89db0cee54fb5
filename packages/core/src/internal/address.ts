/** Where a request may go: an address that came from outside must not reach into the caller's own network. */

/** Whether a host, as `URL` writes it, is private, loopback, link-local or otherwise not of the public internet. */
export const isPrivate = (hostname: string): boolean => {
  const host = hostname.replace(/\.$/u, "").toLowerCase()
  if (host === "localhost" || host.endsWith(".localhost") || host.endsWith(".local") || host.endsWith(".internal")) return true
  if (host.startsWith("[")) return isPrivateV6(host.slice(1, -1))
  const v4 = quad(host)
  return v4 !== undefined && isPrivateV4(v4)
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
  const [head = "", tail] = host.split("::")
  const left = head === "" ? [] : head.split(":")
  const right = tail === undefined || tail === "" ? [] : tail.split(":")
  const zeros = tail === undefined ? [] : Array.from({ length: 8 - left.length - right.length }, () => "0")
  const parts = [...left, ...zeros, ...right].map((part) => Number.parseInt(part, 16))
  const [a = 0, b = 0, , , , f = 0, g = 0, h = 0] = parts
  const embedded = g * 65_536 + h
  if (parts.slice(0, 5).every((part) => part === 0) && (f === 0xffff || f === 0)) return isPrivateV4(embedded)
  if (a === 0x64 && b === 0xff9b) return isPrivateV4(embedded)
  // fc00::/7 unique local, fe80::/10 link-local, fec0::/10 site-local, ff00::/8 multicast, 2001:db8::/32 documentation.
  return (a & 0xfe00) === 0xfc00 || (a & 0xff80) === 0xfe80 || (a & 0xff00) === 0xff00 || (a === 0x2001 && b === 0xdb8)
}
