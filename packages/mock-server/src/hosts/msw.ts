/**
 * The mock behind MSW 3, on Node and in a browser: clients keep the real providers' base URLs, and the mock answers.
 *
 * MSW calls its own switch `onUnhandledFrame` since version 3, and ignores the name that it had before without a word. `install` sets the right
 * one, and proves that it works before any test begins.
 *
 * @since 0.1.0
 */
import { http, type HttpHandler } from "msw/http"
import type { Mock } from "../mock/Mock.ts"
import type { Provider } from "../provider/Provider.ts"
import { originHeader } from "../serve/Journal.ts"
import * as Guard from "./guard.ts"

/**
 * Where the mock itself is in a client's eyes: the links to its files, `/__mock/journal`, and `/<provider>` as on a server. A name that nobody
 * can have (RFC 6761).
 *
 * @category constants
 * @since 0.1.0
 */
export const usualOrigin = "https://mock.reelay.invalid"

/**
 * @category models
 * @since 0.1.0
 */
export interface HandlerOptions {
  /** Whose hosts the mock answers for. The others' are errors. Default: those of all its providers. */
  readonly providers?: ReadonlyArray<Provider>
  /** Where the mock itself is. Default: `usualOrigin`. */
  readonly origin?: string
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Options extends HandlerOptions {
  /** Handlers of your own, which go before the mock's. */
  readonly handlers?: ReadonlyArray<HttpHandler>
  /** What becomes of a request that nobody answers, and that is not for a real provider: it goes out, it does with a warning, or it fails. Default: "warn". */
  readonly others?: "bypass" | "warn" | "error"
  /** In a browser: where the worker's script is. Default: "/mockServiceWorker.js", where `npx msw init` puts it. */
  readonly workerUrl?: string
}

/** What MSW tells of a request that no handler took. */
interface Unhandled {
  readonly frame: { readonly data: unknown }
  readonly defaults: { readonly warn: () => void; readonly error: () => void }
}

type OnUnhandledFrame = (unhandled: Unhandled) => void

/** `setupServer` of `msw/node`. */
interface OnNode {
  readonly listen: (options: { onUnhandledFrame: OnUnhandledFrame }) => void
  readonly close: () => void
}

/** `setupWorker` of `msw/browser`. */
interface InBrowser {
  readonly start: (options: { onUnhandledFrame: OnUnhandledFrame; quiet: boolean; serviceWorker: { url: string } }) => Promise<unknown>
  readonly stop: () => Promise<void> | void
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Installed {
  /** Proves once more that a request to a real provider's host is an error: rejects if it is not. Asks no network. */
  readonly selfTest: () => Promise<void>
  readonly uninstall: () => Promise<void>
}

/** A request as the mock has it: for another address. Its body is read, since not every host can hand on a stream. */
const readdressed = async (request: Request, url: string): Promise<Request> => {
  const { method, signal } = request
  const headers = new Headers(request.headers)
  headers.set(originHeader, new URL(request.url).origin)
  if (method === "GET" || method === "HEAD") return new Request(url, { method, headers, signal })
  return new Request(url, { method, headers, signal, body: await request.arrayBuffer() })
}

/**
 * Handlers for MSW: one for each provider's host, and one for the mock itself, whose links and own routes are at `origin`.
 *
 * Prefer `install`: a handler stops nothing that it does not take.
 *
 * @example
 * ```ts
 * import { Mock } from "@reelay/mock-server"
 * import * as Msw from "@reelay/mock-server/msw"
 * import { setupServer } from "msw/node"
 *
 * const server = setupServer(...Msw.handlers(Mock.make({ now: () => 0 })))
 * server.listen({ onUnhandledFrame: "error" }) // "onUnhandledRequest" is ignored since MSW 3
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const handlers = (mock: Pick<Mock, "handle" | "providers">, options: HandlerOptions = {}): Array<HttpHandler> => {
  const { origin = usualOrigin, providers = mock.providers } = options
  const answer =
    (prefix: string) =>
    async ({ request }: { readonly request: Request }): Promise<Response> => {
      const { pathname, search } = new URL(request.url)
      return mock.handle(await readdressed(request, `${origin}${prefix}${pathname}${search}`))
    }
  return [
    ...providers.flatMap(({ gateway, name, vendor }) =>
      vendor === undefined || gateway !== undefined ? [] : [http.all(`${new URL(vendor.baseUrl).origin}/*`, answer(`/${name}`))]
    ),
    http.all(`${origin}/*`, answer(""))
  ]
}

/** The address of what was not handled: of a request, or of a WebSocket. */
const urlOf = (data: unknown): string => {
  if (typeof data !== "object" || data === null) return ""
  if ("request" in data && data.request instanceof Request) return data.request.url
  if (!("connection" in data)) return ""
  const { client }: { readonly client?: { readonly url?: unknown } } = Object(data.connection)
  return String(client?.url)
}

/** A request to nobody. MSW hands on what looks like an error of Node's; of others it makes an answer. */
class Unanswered extends Error {
  override readonly name = "Unanswered"
  readonly code = "ERR_UNANSWERED"
  readonly errno = -1

  constructor(url: string) {
    super(`A request to ${URL.parse(url)?.origin ?? "an address"} was stopped: no handler takes it, and others is "error".`)
  }
}

/**
 * Puts the mock behind MSW, so that clients keep the providers' base URLs, and makes every other request to a real provider's host an error.
 *
 * Rejects if that switch does not work, or the worker does not start; then nothing is installed.
 *
 * **Example** (On Node)
 *
 * ```ts
 * import { Mock } from "@reelay/mock-server"
 * import * as Msw from "@reelay/mock-server/msw"
 * import { setupServer } from "msw/node"
 *
 * const installed = await Msw.install(setupServer, Mock.make({ now: () => Date.now() }))
 * await fetch("https://api.x.ai/v1/videos/unknown", { headers: { authorization: "Bearer key" } }) // the mock's 404
 * await installed.uninstall()
 * ```
 *
 * **Example** (In a browser, after `npx msw init public`)
 *
 * ```ts
 * import { Mock } from "@reelay/mock-server"
 * import * as Msw from "@reelay/mock-server/msw"
 * import { setupWorker } from "msw/browser"
 *
 * await Msw.install(setupWorker, Mock.make({ now: () => Date.now() }))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const install = async (
  setup: (...handlers: Array<HttpHandler>) => OnNode | InBrowser,
  mock: Pick<Mock, "handle" | "providers">,
  { handlers: own = [], others = "warn", workerUrl = "/mockServiceWorker.js", ...options }: Options = {}
): Promise<Installed> => {
  const stopped = new Set<string>()
  const network = setup(...own, ...handlers(mock, options))
  // To a worker every error but this is an answer of HTTP 500, which says that the provider was reached.
  const fail = (error: Error): never => {
    if ("listen" in network) throw error
    // oxlint-disable-next-line eslint/no-console -- A network error of a browser has no reason; there is no other way to tell it.
    console.error(error.message)
    // oxlint-disable-next-line typescript/only-throw-error -- As MSW has it.
    throw Response.error()
  }
  const onUnhandledFrame: OnUnhandledFrame = ({ defaults, frame }) => {
    const url = urlOf(frame.data)
    if (Guard.isReal(url)) {
      const { hostname } = new URL(url)
      stopped.add(hostname)
      fail(new Guard.RealHostError(hostname))
    }
    if (others === "warn") defaults.warn()
    if (others === "error") fail(new Unanswered(url))
  }

  const selfTest = async (): Promise<void> => {
    stopped.delete(Guard.canary)
    const answer = await globalThis.fetch(`https://${Guard.canary}/`).catch(() => undefined)
    if (answer === undefined && stopped.has(Guard.canary)) return
    throw new Error(
      "MSW does not stop requests to real providers: what no handler takes did not reach the mock's onUnhandledFrame. " +
        "Is this MSW 3, and was fetch replaced since?"
    )
  }

  const guard = Guard.install({ beneath: true, providers: mock.providers })
  let isInstalled = true
  const uninstall = async (): Promise<void> => {
    if (!isInstalled) return
    isInstalled = false
    try {
      await ("listen" in network ? network.close() : network.stop())
    } finally {
      guard.uninstall()
    }
  }
  try {
    if ("listen" in network) network.listen({ onUnhandledFrame })
    else await network.start({ onUnhandledFrame, quiet: true, serviceWorker: { url: workerUrl } })
    await selfTest()
    return { selfTest, uninstall }
  } catch (error) {
    // What never began can't be ended, and says so.
    await uninstall().catch(() => undefined)
    throw error
  }
}
