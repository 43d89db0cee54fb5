/** A transport over any effect HttpClient: a fiber for each request. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import * as Option from "effect/Option"
import { exchanged } from "./call.ts"
import type { NoAnswer, Transport } from "./Transport.ts"

export const overHttpClient = (client: HttpClient.HttpClient): Transport => ({
  capacity: Number.POSITIVE_INFINITY,
  send: (request, done, context) => {
    let isOver = false
    const fiber = Effect.runForkWith(context)(Effect.provideService(exchanged(request), HttpClient.HttpClient, client))
    fiber.addObserver((exit) => {
      if (isOver) return
      isOver = true
      done(Exit.isSuccess(exit) ? exit.value : failureOf(exit.cause))
    })
    return () => {
      isOver = true
      fiber.interruptUnsafe()
    }
  }
})

const failureOf = (cause: Cause.Cause<NoAnswer>): NoAnswer =>
  Option.getOrElse(Cause.findErrorOption(cause), () => ({
    _tag: "NoAnswer",
    because: "network",
    detail: Cause.hasInterruptsOnly(cause) ? "the request was interrupted" : Cause.pretty(cause).split("\n", 1).join("")
  }))
