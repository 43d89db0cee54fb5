/** What an API without layers provides to each effect: the transport, and what a caller gave as values. */
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import { Journal } from "../journal/Journal.ts"
import { Limits, none } from "../limits/admission.ts"

export const servicesOf = (
  transport: Layer.Layer<HttpClient.HttpClient>,
  { journal, limits = none }: { readonly journal?: Journal["Service"] | undefined; readonly limits?: Limits | undefined }
): Layer.Layer<HttpClient.HttpClient> => {
  const shared = Layer.merge(transport, Layer.succeed(Limits, limits))
  return journal === undefined ? shared : Layer.merge(shared, Layer.succeed(Journal, journal))
}
