/** What an API without layers provides to each effect: the transport, and what a caller gave as values. */
import * as Context from "effect/Context"
import { Journal } from "../journal/Journal.ts"
import { Limits, none } from "../limits/admission.ts"
import { ApiTransport, type Transport } from "../transport/Transport.ts"

export const servicesOf = (
  base: Context.Context<never>,
  transport: Transport,
  { journal, limits = none }: { readonly journal?: Journal["Service"] | undefined; readonly limits?: Limits | undefined }
): Context.Context<ApiTransport> => {
  const shared = Context.add(Context.add(base, ApiTransport, transport), Limits, limits)
  return journal === undefined ? shared : Context.add(shared, Journal, journal)
}
