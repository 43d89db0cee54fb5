import { describe, expect, it } from "@effect/vitest"
import { isPrivate } from "./PublicNetwork.ts"

const hostOf = (host: string): string => new URL(`http://${host}/`).hostname

describe("isPrivate", () => {
  it.each([
    "localhost",
    "LOCALHOST",
    "localhost.",
    "app.localhost",
    "printer.local",
    "metadata.google.internal",
    "router.home.arpa",
    "redis",
    "mylocalhost",
    "localhost..",
    "0.0.0.0",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    // Other ways to write 127.0.0.1 and 169.254.169.254: decimal, octal, hexadecimal, shortened.
    "2130706433",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "0x7f000001",
    "127.1",
    "2852039166",
    "0xa9fea9fe",
    "127.0.0.1.",
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[fe80::1]",
    "[febf::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[::127.0.0.1]",
    "[64:ff9b::10.0.0.1]",
    "[64:ff9b:1::8.8.8.8]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]",
    "[2001::1]",
    "[2001:1ff::1]",
    "[3fff::1]",
    "[100::1]",
    "[::8.8.8.8]",
    "192.88.99.1"
  ])("%s is private", (host) => {
    expect(isPrivate(hostOf(host))).toBe(true)
  })

  it.each([
    "api.x.ai",
    "localhost.example.com",
    "internal.example.com",
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "126.255.255.255",
    "128.0.0.1",
    "169.253.255.255",
    "169.255.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "192.167.255.255",
    "192.169.0.1",
    "198.17.255.255",
    "198.20.0.1",
    "223.255.255.255",
    "134744072",
    "[2606:4700:4700::1111]",
    "[2001:4860:4860::8888]",
    "[::ffff:8.8.8.8]",
    "[64:ff9b::8.8.8.8]",
    "[2002:808:808::1]",
    "[2001:200::1]"
  ])("%s is public", (host) => {
    expect(isPrivate(hostOf(host))).toBe(false)
  })

  // In the form of a resolver, which a URL would not have.
  it.each(["127.0.0.1", "::1", "fe80::1%eth0", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "", "::1::", "1:2:3", "12345::1", "x:y"])(
    "the address %s is private",
    (address) => {
      expect(isPrivate(address)).toBe(true)
    }
  )

  it.each(["8.8.8.8", "2606:4700::1", "::ffff:8.8.8.8", "2a00:1450:4001:80e::200e"])("the address %s is public", (address) => {
    expect(isPrivate(address)).toBe(false)
  })
})
