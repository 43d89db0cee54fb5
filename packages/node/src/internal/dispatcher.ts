/** undici's dispatchers as Reelay wants them: bounded, through a proxy where there is one, and for links one that looks where they lead. */
import { Agent, type Dispatcher, EnvHttpProxyAgent, Pool, ProxyAgent } from "@effect/platform-node/Undici"
import { PublicNetwork } from "@reelay/core"
import dns from "node:dns"
import type { LookupFunction } from "node:net"
import type { Options } from "../Transport.ts"

export interface Dispatchers {
  /** For the API's own origin. */
  readonly api: Dispatcher
  /** For links that lead elsewhere. The same one where a proxy resolves all names. */
  readonly links: Dispatcher
}

export const dispatchers = ({ connections = 32, connectTimeout = 10_000, proxy }: Options): Dispatchers => {
  const shared = {
    connections,
    connectTimeout,
    // A sleeping job needs no socket; its next look comes seconds later.
    keepAliveTimeout: 4000,
    // undici bounds the connections to each origin, but not those to a proxy that plain http goes through.
    factory: (origin: string | URL, options: object): Dispatcher => new Pool(origin, { ...options, connections })
  }
  const connect = { timeout: connectTimeout }
  const looking = { timeout: connectTimeout, lookup }
  if (proxy === undefined) return { api: new Agent({ ...shared, connect }), links: new Agent({ ...shared, connect: looking }) }
  if (proxy !== "environment") {
    const through = new ProxyAgent({ ...shared, uri: checked(proxy, "proxy") })
    return { api: through, links: through }
  }
  const environment = {
    ...shared,
    httpProxy: fromEnvironment("http_proxy"),
    httpsProxy: fromEnvironment("https_proxy"),
    noProxy: `${textOf("no_proxy")},${thisMachine}`
  }
  // `connect` is for those that NO_PROXY names: what goes through the proxy is resolved there.
  return { api: new EnvHttpProxyAgent({ ...environment, connect }), links: new EnvHttpProxyAgent({ ...environment, connect: looking }) }
}

/** No proxy can reach a mock on this machine: as Go's programs do. */
const thisMachine = "localhost,127.0.0.1,[::1]"

const textOf = (name: string): string => (process.env[name] ?? process.env[name.toUpperCase()] ?? "").trim()

/** Empty where there is none, so that undici does not look by itself. */
const fromEnvironment = (name: string): string => {
  const text = textOf(name)
  if (text === "") return ""
  // As curl does: without a scheme it is http.
  return checked(text.includes("://") ? text : `http://${text}`, name.toUpperCase())
}

/** The text is not shown: it may hold a password. */
const checked = (text: string, name: string): string => {
  if (URL.canParse(text) && /^https?:$/u.test(new URL(text).protocol)) return text
  throw new TypeError(`${name} is no address of a proxy: it has the form http://host:port, or http://user:password@host:port`)
}

/** What TUN proxies such as mihomo and sing-box give every name, and nobody else (its `fake-ip-range`): RFC 2544's test network. */
const isFake = (address: string): boolean => /^198\.1[89]\./u.test(address)

/** A name's public addresses. `connect` gets these very ones, so that no second answer of the resolver can put another in their place. */
const lookup: LookupFunction = (host, options, callback) => {
  dns.lookup(host, { ...options, all: true }, (error, found) => {
    if (error !== null) return callback(error, [])
    const open = found.filter(({ address }) => !PublicNetwork.isPrivate(address) || isFake(address))
    const [first] = open
    if (first === undefined) return callback(new PublicNetwork.PrivateAddress({ host, address: found[0]?.address ?? "nothing" }), [])
    if (options.all === true) return callback(null, open)
    callback(null, first.address, first.family)
  })
}
