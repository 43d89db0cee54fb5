/** undici's dispatchers as Reelay wants them: bounded, through a proxy where there is one, and for links one that looks where they lead. */
import { Agent, type Dispatcher, EnvHttpProxyAgent, Pool, ProxyAgent } from "@effect/platform-node/Undici"
import { PublicNetwork, Transport as CoreTransport } from "@reelay/core"
import dns from "node:dns"
import type { LookupFunction } from "node:net"
import { demand, type Options } from "./options.ts"
import { undoing } from "./undoing.ts"

export interface Dispatchers {
  /** For the API's own origin: what may be asked again. */
  readonly api: Dispatcher
  /**
   * For what costs money. Each request has a connection of its own: one that has been silent may be closed at the other end, and a request over it
   * would be of unknown fate. It tells when a request begins, and whether one that failed was never sent.
   */
  readonly posts: Dispatcher
  /** How many of those it sends at once to one origin. */
  readonly sending: number
  /** How many others it sends at once to one origin. */
  readonly polling: number
  /** For links that lead elsewhere. The same one where a proxy resolves all names. */
  readonly links: Dispatcher
}

export const dispatchers = (options: Options): Dispatchers => {
  demand(options)
  const { api, links, posts, ...counts } = separate(options)
  const undone = undoing(api)
  const made = { ...counts, api: undone, posts: announced(undoing(posts)), links: links === api ? undone : undoing(links) }
  // One connection alone is made anew for each request.
  return options.connections === 1 ? { ...made, api: made.posts } : made
}

const separate = ({ connections = 32, connectTimeout = 10_000, proxy }: Options): Dispatchers => {
  // Half of them for submissions, which are rare and slow, and half for polls, which are many and quick.
  const sending = Math.max(1, Math.floor(connections / 2))
  const polling = Math.max(1, connections - sending)
  const shared = {
    connections: polling,
    connectTimeout,
    // A sleeping job needs no socket; its next poll comes seconds later.
    keepAliveTimeout: 4000,
    // undici bounds the connections to each origin, but not those to a proxy that plain http goes through.
    factory: (origin: string | URL, options: object): Dispatcher => new Pool(origin, { ...options, connections: polling })
  }
  // Without keep-alive. Through a proxy the tunnel is as new as the request.
  const once = {
    ...shared,
    connections: sending,
    pipelining: 0,
    factory: (origin: string | URL, options: object): Dispatcher => new Pool(origin, { ...options, connections: sending })
  }
  const connect = { timeout: connectTimeout }
  const looking = { timeout: connectTimeout, lookup }
  if (proxy === undefined) {
    return {
      sending,
      polling,
      api: new Agent({ ...shared, connect }),
      posts: new Agent({ ...once, connect }),
      links: new Agent({ ...shared, connect: looking })
    }
  }
  if (proxy !== "environment") {
    const uri = checked(proxy, "proxy")
    const through = new ProxyAgent({ ...shared, uri })
    return { sending, polling, api: through, posts: new ProxyAgent({ ...once, uri }), links: through }
  }
  const environment = {
    ...shared,
    httpProxy: fromEnvironment("http_proxy"),
    httpsProxy: fromEnvironment("https_proxy"),
    noProxy: `${textOf("no_proxy")},${thisMachine}`
  }
  // `connect` is for those that NO_PROXY names: what goes through the proxy is resolved there.
  return {
    sending,
    polling,
    api: new EnvHttpProxyAgent({ ...environment, connect }),
    posts: new EnvHttpProxyAgent({ ...environment, ...once, connect }),
    links: new EnvHttpProxyAgent({ ...environment, connect: looking })
  }
}

/** Where a request's options carry `Transport.BeforeFirstByte`. */
export const beforeFirstByte = Symbol("@reelay/node/beforeFirstByte")

/**
 * undici calls `onRequestStart` on a connection that is ready, TLS and tunnel included, directly before it writes: what fails before that was never
 * sent, and what is aborted in it is not.
 */
const announced = (dispatcher: Dispatcher): Dispatcher =>
  dispatcher.compose((dispatch) => (options, handler) => {
    const asked: unknown = Reflect.get(options, beforeFirstByte)
    const mayGo = typeof asked === "function" ? asked : () => true
    let begun = false
    return dispatch(options, {
      onRequestStart: (controller, context) => {
        handler.onRequestStart?.(controller, context)
        if (controller.aborted) return
        begun = mayGo() === true
        if (!begun) controller.abort(new CoreTransport.NeverSent("nothing was sent"))
      },
      onRequestUpgrade: (controller, status, headers, socket) => handler.onRequestUpgrade?.(controller, status, headers, socket),
      onResponseStart: (controller, status, headers, message) => handler.onResponseStart?.(controller, status, headers, message),
      onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
      onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
      onResponseError: (controller, error) =>
        handler.onResponseError?.(
          controller,
          begun || error instanceof CoreTransport.NeverSent ? error : new CoreTransport.NeverSent("nothing was sent", { cause: error })
        )
    })
  })

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
