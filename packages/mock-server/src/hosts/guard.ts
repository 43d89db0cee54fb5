/**
 * The leak switch: while it is installed, a request to a real provider's host is an error, and none leaves this process.
 *
 * A test that forgets the mock's base URL pays. The switch stops the global `fetch`, `XMLHttpRequest`, undici's global dispatcher, and, on Node,
 * every connection of `node:net` and `node:tls`, on which all clients there stand. What it does not see: other processes, and clients that go
 * through a proxy without `fetch`.
 *
 * @since 0.1.0
 */
import type * as Net from "node:net"
import type { Provider } from "../provider/Provider.ts"
import { providers as builtIn } from "../providers/index.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options {
  /**
   * Something above answers in the place of the providers' hosts, as MSW does: only what gets as far as a connection to another machine is
   * stopped. In a browser that is nothing. Default: false.
   */
  readonly beneath?: boolean
  /** Whose hosts are guarded besides those of the built-in providers. Default: nobody's. */
  readonly providers?: ReadonlyArray<Provider>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Guard {
  /** Lets requests through again, once every guard of the process is uninstalled. Twice is once. */
  readonly uninstall: () => void
}

/** Whom a self-test asks: a name that nobody can have (RFC 6761), so that nothing is met even if a switch is broken. */
export const canary = "leak-switch.reelay.invalid"

/** Whose hosts are guarded: always the built-in providers', and while a guard is installed those that it names. */
let guarded: ReadonlyArray<Provider> = builtIn

/** Whose host it is, by name; `undefined` if it is none of a real provider. */
const whoseIs = (host: string): string | undefined => {
  const name = host.toLowerCase().replace(/\.$/, "")
  return guarded.find(({ vendor }) => vendor !== undefined && (name === vendor.domain || name.endsWith(`.${vendor.domain}`)))?.name
}

const isGuarded = (host: string): boolean => host.toLowerCase().replace(/\.$/, "") === canary || whoseIs(host) !== undefined

/**
 * A request that was not sent, since it would have gone to a real provider.
 *
 * @category errors
 * @since 0.1.0
 */
export class RealHostError extends Error {
  override readonly name = "RealHostError"
  readonly _tag = "RealHostError"
  /** As errors of Node's sockets have them, so that what stands between hands it on as it is. */
  readonly code = "ERR_REAL_HOST"
  readonly errno = -1
  readonly host: string

  constructor(host: string) {
    const whose = whoseIs(host)
    const base = whose === undefined ? "" : `, such as http://127.0.0.1:8787/${whose}`
    super(
      `A request to ${host} was stopped, and nothing was sent: it is a real provider's host, where work costs money, and a mock is installed. ` +
        `Give the client the mock's base URL${base}; behind MSW, give it fetch; to reach the provider, uninstall the guard.`
    )
    this.host = host
  }
}

/**
 * Whether a URL is one of a real provider: of its API, or of any host below its domain.
 *
 * @category guards
 * @since 0.1.0
 */
export const isReal = (url: string | URL): boolean => {
  const host = URL.parse(url)?.hostname
  return host !== undefined && isGuarded(host)
}

/** Throws if a URL is a real provider's. What is no absolute URL is none. */
const check = (url: string | URL): void => {
  const host = URL.parse(url)?.hostname
  if (host !== undefined && isGuarded(host)) throw new RealHostError(host)
}

type Undo = () => void

/** Replaces a method. Its undoing leaves alone what somebody else has put in its place since. */
const patch = <Host extends object, Name extends keyof Host>(host: Host, name: Name, make: (real: Host[Name]) => Host[Name]): Undo => {
  const real = host[name]
  const ours = make(real)
  host[name] = ours
  return () => {
    if (host[name] === ours) host[name] = real
  }
}

/** What is installed, in this process: a count for each level, since several mocks may stand at once. */
const installed = { requests: 0, sockets: 0 }

const guardFetch = (): Undo =>
  patch(globalThis, "fetch", (real) => async (input, init) => {
    if (installed.requests > 0) check(input instanceof Request ? input.url : input)
    return real(input, init)
  })

const guardXhr = (): Undo => {
  if (typeof XMLHttpRequest === "undefined") return () => undefined
  return patch(XMLHttpRequest.prototype, "open", (real) => {
    return function open(this: XMLHttpRequest, ...args: ReadonlyArray<unknown>) {
      const [, url] = args
      if (installed.requests > 0 && (typeof url === "string" || url instanceof URL)) check(url)
      return Reflect.apply(real, this, args)
    }
  })
}

interface Dispatcher {
  dispatch: (options: { readonly origin?: string | URL }, handler: unknown) => unknown
}

const isDispatcher = (value: unknown): value is Dispatcher =>
  typeof value === "object" && value !== null && "dispatch" in value && typeof value.dispatch === "function"

/** Undici keeps it under these names, the second since its version 8. */
const dispatcherKeys = [Symbol.for("undici.globalDispatcher.1"), Symbol.for("undici.globalDispatcher.2")]

const guardDispatchers = (): ReadonlyArray<Undo> => {
  const found = new Set(dispatcherKeys.map((key): unknown => Reflect.get(globalThis, key)))
  return [...found].filter(isDispatcher).map((dispatcher) =>
    patch(dispatcher, "dispatch", (real) => (options, handler) => {
      if (installed.requests > 0 && options.origin !== undefined) check(options.origin)
      return Reflect.apply(real, dispatcher, [options, handler])
    })
  )
}

/** What a connection is asked for with, as far as it matters here. */
interface Wanted {
  readonly host?: unknown
  readonly servername?: unknown
  readonly lookup?: Net.LookupFunction
}

/** Node calls `connect` with options and a callback in an array; people with options, or with a port and a host. */
const readArgs = (args: ReadonlyArray<unknown>): readonly [Wanted, ReadonlyArray<unknown>] => {
  const [first, ...rest]: ReadonlyArray<unknown> = Array.isArray(args[0]) ? args[0] : args
  return typeof first === "object" && first !== null ? [first, rest] : [{ host: rest[0] }, rest]
}

const realNameIn = ({ host, servername }: Wanted): string | undefined =>
  [host, servername].filter((name) => typeof name === "string").find(isGuarded)

/** A lookup that finds this machine or nothing: what answers in the place of a host connects for show, and to here. */
const hereOnly =
  (lookup: Net.LookupFunction, host: string): Net.LookupFunction =>
  (name, options, done) =>
    lookup(name, options, (error, found, family) => {
      const addresses = typeof found === "string" ? [found] : (found ?? []).map(({ address }) => address)
      if (addresses.every((address) => address === "::1" || address.startsWith("127."))) done(error, found, family)
      else done(new RealHostError(host), "", 4)
    })

/** The arguments of a connection, changed so that it fails if it would reach a real host. */
const guardedArgs = (args: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
  if (installed.sockets === 0) return args
  const [wanted, rest] = readArgs(args)
  const host = realNameIn(wanted)
  if (host === undefined) return args
  const { lookup } = wanted
  return installed.requests === 0 && lookup !== undefined ? [{ ...wanted, lookup: hereOnly(lookup, host) }, ...rest] : [refused(host)]
}

/** Node's sockets; `undefined` elsewhere. Asked for at run time, so that this module loads in a browser. */
const net = (): typeof Net | undefined => (typeof process === "undefined" ? undefined : process.getBuiltinModule?.("node:net"))

/** A connection that fails as one does whose name is not found: later than now, since its owner has not begun to listen for errors. */
const refused = (host: string): Net.TcpSocketConnectOpts => ({
  host,
  port: 443,
  lookup: (_, __, done) => void setImmediate(() => done(new RealHostError(host), "", 4))
})

const guardSockets = (): Undo => {
  const sockets = net()
  if (sockets === undefined) return () => undefined
  return patch(sockets.Socket.prototype, "connect", (real) => {
    return function connect(this: InstanceType<typeof sockets.Socket>, ...args: ReadonlyArray<unknown>) {
      return Reflect.apply(real, this, guardedArgs(args))
    }
  })
}

let undoRequests: ReadonlyArray<Undo> = []
let undoSockets: Undo = () => undefined

/**
 * Turns the switch on. Several guards may be installed at once; requests pass again when the last of them is gone.
 *
 * @example
 * ```ts
 * import * as Guard from "@reelay/mock-server/guard"
 *
 * const guard = Guard.install()
 * await Guard.selfTest()
 * await fetch("https://api.x.ai/v1/models") // rejects with RealHostError, and nothing was sent
 * guard.uninstall()
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const install = ({ beneath = false, providers = [] }: Options = {}): Guard => {
  guarded = [...guarded, ...providers]
  if (installed.sockets++ === 0) undoSockets = guardSockets()
  if (!beneath && installed.requests++ === 0) undoRequests = [guardFetch(), guardXhr(), ...guardDispatchers()]
  let isOn = true
  return {
    uninstall: () => {
      if (!isOn) return
      isOn = false
      // One of each: another guard may name the same.
      for (const provider of providers) guarded = guarded.toSpliced(guarded.lastIndexOf(provider), 1)
      if (!beneath && --installed.requests === 0) for (const undo of undoRequests) undo()
      if (--installed.sockets === 0) undoSockets()
    }
  }
}

/** Whether an error is the guard's, or was made of it. */
const isStopped = (error: unknown): boolean => {
  for (let each = error; each instanceof Error; each = each.cause) if (each instanceof RealHostError) return true
  return false
}

/** How an attempt ended; `undefined` if the guard stopped it. */
const leakIn = async (way: string, attempt: () => Promise<unknown>): Promise<string | undefined> => {
  try {
    await attempt()
    return `${way} got an answer`
  } catch (error) {
    return isStopped(error) ? undefined : `${way} was let through: ${error instanceof Error ? error.message : String(error)}`
  }
}

const attemptSocket = (sockets: typeof Net): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = new sockets.Socket()
    socket.once("error", reject).once("connect", resolve)
    socket.connect({ host: canary, port: 443 })
  })

/**
 * Proves that the switch works: rejects, saying which way is open, unless every way out of this process is stopped. Asks no provider: a
 * name that can't exist stands for theirs, and only if the switch is broken a name server is asked for it.
 *
 * @category testing
 * @since 0.1.0
 */
export const selfTest = async (): Promise<void> => {
  const unknown = guarded.flatMap(({ vendor }) => (vendor === undefined || isReal(vendor.baseUrl) ? [] : [vendor.baseUrl]))
  const sockets = net()
  const ways = await Promise.all([
    leakIn("fetch", () => globalThis.fetch(`https://${canary}/`)),
    ...(sockets === undefined ? [] : [leakIn("a socket", () => attemptSocket(sockets))])
  ])
  const leaks = [...unknown.map((url) => `${url} is not below its domain`), ...ways.filter((leak) => leak !== undefined)]
  if (leaks.length > 0) {
    throw new Error(
      `The leak switch does not work, and requests may reach real providers: ${leaks.join("; ")}. Install the guard first, last undone.`
    )
  }
}
