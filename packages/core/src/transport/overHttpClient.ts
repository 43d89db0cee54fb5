/** The transport over any effect `HttpClient`, so that programs keep theirs: a fiber for each request. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { textOf } from "./body.ts"
import { inBrowser } from "./browser.ts"
import { atOnce, held, type Incoming, type NoAnswer, type Outgoing, type Transport } from "./exchange.ts"
import { failed, type Proof } from "./failure.ts"
import { ApiTransport, BeforeFirstByte, connectionsOf, transportOf } from "./Transport.ts"
import { untraced } from "./untraced.ts"

/**
 * Sends by an `HttpClient`. Content codings that the client leaves are undone as far as the platform's
 * `DecompressionStream` can.
 *
 * @category constructors
 * @since 0.1.0
 */
export const overHttpClient = (client: HttpClient.HttpClient): Transport => {
  const submissions = connectionsOf(client)
  return { capacity: atOnce, submissions, send: sending(client, submissions !== undefined) }
}

const sending =
  (client: HttpClient.HttpClient, announces: boolean): Transport["send"] =>
  (request, done, context, mayGo) => {
    const start = mayGo === undefined ? undefined : new Start(mayGo, announces)
    if (start?.isHeld() === true) {
      done(held)
      return () => undefined
    }
    let over = false
    const sent = exchange(client, request)
    const fiber = Effect.runForkWith(context)(
      start === undefined ? sent : Effect.provideService(sent, BeforeFirstByte, () => start.firstByte())
    )
    fiber.addObserver((exit) => {
      if (over) return
      const outcome = Exit.isSuccess(exit) ? exit.value : failure(request, exit.cause, start)
      over = true
      done(outcome)
    })
    return () => {
      over = true
      fiber.interruptUnsafe()
    }
  }

/** Whether the first byte of a request may go, and what shows afterwards that it never went. */
class Start {
  private readonly mayGo: () => boolean
  /** Whether the client asks before the first byte. Others count as begun when the request is passed to them. */
  private readonly announces: boolean
  private begun = false
  private asked = 0

  constructor(mayGo: () => boolean, announces: boolean) {
    this.mayGo = mayGo
    this.announces = announces
  }

  isHeld(): boolean {
    return !this.announces && !this.begins()
  }

  firstByte(): boolean {
    this.asked += 1
    return this.asked === 1 && this.begins()
  }

  wasHeld(): boolean {
    return this.asked > 0 && !this.begun
  }

  /** `undefined`: its error may show it. */
  proof(): Proof | undefined {
    // It was sent twice, and this is the outcome of one of the two.
    if (this.asked > 1) return "by nothing"
    if (this.announces) return this.begun ? "by its proxy" : "surely"
    return undefined
  }

  private begins(): boolean {
    this.begun ||= this.mayGo()
    return this.begun
  }
}

const exchange = (client: HttpClient.HttpClient, request: Outgoing): Effect.Effect<Incoming, HttpClientError.HttpClientError> =>
  client.execute(requestOf(request)).pipe(
    Effect.flatMap((response) =>
      Effect.map(textOf(response), (body): Incoming => ({ _tag: "Incoming", status: response.status, headers: response.headers, body }))
    ),
    untraced
  )

const requestOf = ({ body, headers, method, url }: Outgoing): HttpClientRequest.HttpClientRequest => {
  const request = HttpClientRequest.make(method)(url)
  return HttpClientRequest.setHeaders(body === undefined ? request : withBody(request, body), headers)
}

const withBody = (request: HttpClientRequest.HttpClientRequest, body: string | FormData): HttpClientRequest.HttpClientRequest =>
  typeof body === "string" ? HttpClientRequest.bodyText(request, body) : HttpClientRequest.bodyFormData(request, body)

const failure = (request: Outgoing, cause: Cause.Cause<HttpClientError.HttpClientError>, start: Start | undefined): NoAnswer => {
  if (start?.wasHeld() === true) return held
  const error = Cause.hasInterruptsOnly(cause) ? new Error("the request was interrupted") : Cause.squash(cause)
  return failed(request, reasonOf(error), start?.proof() ?? proofOf(error))
}

/** Only an error before any answer can show by its code that nothing was sent. */
const proofOf = (error: unknown): Proof => {
  if (inBrowser()) return "by a browser"
  return HttpClientError.isHttpClientError(error) && error.reason._tag === "TransportError" ? "by its code" : "by nothing"
}

/** Without effect's own message, which contains the address of the request. */
const reasonOf = (error: unknown): unknown => {
  if (!HttpClientError.isHttpClientError(error)) return error
  const { reason } = error
  return "cause" in reason && reason.cause instanceof Error ? reason.cause : new Error(reason._tag)
}

const made = new WeakMap<HttpClient.HttpClient, Transport>()

/** One for a client, since the line before it is the transport's. */
export const transportBy = (client: HttpClient.HttpClient): Transport => {
  const known = transportOf(client) ?? made.get(client)
  if (known !== undefined) return known
  const fresh = overHttpClient(client)
  made.set(client, fresh)
  return fresh
}

/** What the engine sends by, for programs that provide an `HttpClient`. */
export const apiTransport: Effect.Effect<Transport, never, HttpClient.HttpClient> = Effect.map(HttpClient.HttpClient, transportBy)

/** Runs with the transport of the `HttpClient` that a program provides. */
export const overHttp = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, Exclude<R, ApiTransport> | HttpClient.HttpClient> =>
  Effect.provideServiceEffect(effect, ApiTransport, apiTransport)
