/** One request for a file, over its redirects: where it may go, and what it may carry. */
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Stream from "effect/Stream"
import type { Provider } from "../provider/Provider.ts"
import { absolute } from "../provider/read.ts"
import { bodyOf } from "../transport/body.ts"
import { forbidden, type Miss, miss, missOf, where } from "./miss.ts"
import * as PublicNetwork from "./PublicNetwork.ts"
import { withAgent, withKey } from "./sender.ts"

/** The options of one save, for all its candidates. */
export interface Source {
  readonly provider: Provider<never>
  readonly allowPrivateAddresses: boolean
}

export interface Answer {
  readonly response: HttpClientResponse.HttpClientResponse
  /** The final URL. */
  readonly url: URL
}

const redirects = 5

/** A silence that ends a download. */
const idle = "60 seconds"

/** Follows redirects by hand. The key goes to the API's own origin only, and never across a redirect (T36). */
export const request = Effect.fnUntraced(function* (
  { allowPrivateAddresses, provider }: Source,
  first: string,
  asked: Readonly<Record<string, string>>
): Effect.fn.Return<Answer, Miss, HttpClient.HttpClient> {
  const api = new URL(provider.baseUrl)
  const anywhere = allowPrivateAddresses || PublicNetwork.isPrivate(api.hostname)
  const ordinary = yield* HttpClient.HttpClient
  const looking = yield* PublicNetwork.Client
  const start = absolute(first, provider.baseUrl)
  if (start === undefined) return yield* miss("never", "the link isn't an address")
  let url = new URL(start)
  for (let hop = 0; hop <= redirects; hop++) {
    // A user name in a link would appear in the errors of some transports; it goes to its own host only, as a header.
    const login = loginIn(url)
    url.username = ""
    url.password = ""
    if (url.protocol !== "https:" && url.protocol !== "http:") return yield* miss("never", `${where(url.href)} isn't an http address`)
    if (!anywhere && PublicNetwork.isPrivate(url.hostname)) return yield* Effect.fail(forbidden(url.origin, "is a private address"))
    const own = url.origin === api.origin
    const client = anywhere || own ? ordinary : (looking ?? ordinary)
    // A compressed body has neither the length nor the ranges of the file.
    // As text: of a `URL` the client would take the query apart and write it anew, and a signature is of the query as it was.
    const bare = HttpClientRequest.setHeaders(withAgent(provider)(HttpClientRequest.get(url.href)), {
      "accept-encoding": "identity",
      ...login,
      ...asked
    })
    const response = yield* client.execute(own && hop === 0 ? withKey(provider)(bare) : bare).pipe(
      // A browser hides the target of a redirect: it follows by itself, without the key.
      Effect.filterOrElse(
        (answer) => answer.status !== 0,
        () => Effect.provideService(client.execute(bare), FetchHttpClient.RequestInit, { redirect: "follow" })
      ),
      Effect.mapError((error) => broken(error, url.href)),
      Effect.timeoutOrElse({ duration: idle, orElse: () => miss("again", `${where(url.href)} did not answer within ${idle}`) })
    )
    const location = response.headers["location"]
    if (response.status < 300 || response.status > 399 || location === undefined) return { response, url }
    yield* beginningOf(response)
    if (!URL.canParse(location, url)) return yield* miss("never", `${where(url.href)} redirects to an invalid address`)
    url = new URL(location, url)
  }
  return yield* miss("never", `${where(start)} redirects more than ${redirects} times`)
})

/** What a link says before its host, as a browser and curl send it. */
const loginIn = ({ password, username }: URL): { readonly authorization?: string } =>
  username === "" && password === ""
    ? {}
    : { authorization: `Basic ${btoa(String.fromCodePoint(...new TextEncoder().encode(`${decoded(username)}:${decoded(password)}`)))}` }

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** The body of an answer. Silence ends it. */
export const flowOf = ({ response, url }: Answer): Stream.Stream<Uint8Array, Miss> =>
  bodyOf(response).pipe(
    Stream.mapError((error) => broken(error, url.href)),
    Stream.timeoutOrElse({ duration: idle, orElse: () => Stream.fail(missOf("again", `${where(url.href)} sent nothing for ${idle}`)) })
  )

/**
 * What of a body comes within a second, at most 16 KiB. The rest is cancelled: an unread answer holds its connection forever, and a partly read one
 * can't be read again.
 */
export const beginningOf = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<string> =>
  Effect.suspend(() => {
    const decoder = new TextDecoder()
    let text = ""
    const read = Stream.runForEachWhile(bodyOf(response), (chunk) =>
      Effect.sync(() => {
        text += decoder.decode(chunk, { stream: true })
        return text.length < 16_384
      })
    )
    return Effect.map(Effect.ignore(Effect.timeoutOption(read, "1 second")), () => text)
  })

const broken = (error: HttpClientError.HttpClientError, url: string): Miss => {
  const cause = "cause" in error.reason ? error.reason.cause : undefined
  const refused = privateAddressIn(cause)
  if (refused !== undefined) return forbidden(new URL(url).origin, `resolves to ${refused.address}, which is a private address`)
  return missOf("again", `${where(url)} broke off (${error.reason._tag}${cause instanceof Error ? `: ${cause.message}` : ""})`)
}

/** By its tag: two copies of a package have two classes. */
const privateAddressIn = (error: unknown, depth = 0): { readonly address: string } | undefined => {
  if (!(error instanceof Error) || depth > 5) return undefined
  const address = Reflect.get(error, "_tag") === "PrivateAddress" ? Reflect.get(error, "address") : undefined
  return typeof address === "string" ? { address } : privateAddressIn(error.cause, depth + 1)
}
