/**
 * Answers that new-api writes itself before it forwards anything, as do the gateways built on it: CometAPI and GeekNow.
 *
 * decisions/0010 has the codes that are not evidence of that, and so not here.
 */
import { Dialect, type Reading } from "@reelay/core"

/** Step 7 of `RelayTaskSubmit`, before step 9 sends the request, and on the first channel only: so with any status of the answer. */
const preConsume = "QuantumNous/new-api service/billing_session.go@0067bd9, called by relay/relay_task.go@00fca48"

/** `ValidateUserToken`, the first check of any request: the price of the last job has drained the token. */
const drained = "QuantumNous/new-api i18n/locales/en.yaml@002f912 (token.exhausted), written by middleware/auth.go"

/** On a submission. */
export const declined: ReadonlyArray<Dialect.Row<Reading.Receipt>> = [
  { code: "insufficient_user_quota", source: preConsume, read: Dialect.declined("PaymentRequired") },
  { code: "pre_consume_token_quota_failed", source: preConsume, read: Dialect.declined("PaymentRequired") },
  {
    status: 503,
    code: "model_not_found",
    source: "QuantumNous/new-api middleware/distributor.go@003d7c0; farion1231/cc-switch#312",
    read: Dialect.declined("SubmitRejected")
  },
  { status: 401, words: /TokenStatusExhausted/u, source: drained, read: Dialect.declined("PaymentRequired") },
  // Its own checks of a request come before a channel is chosen. A fork answers the first with 502 after its upstream refused, so not with any status.
  ...["sensitive_words_detected", "invalid_request", "access_denied", "model_price_error"].map((code) => ({
    status: 200,
    code,
    source: "QuantumNous/new-api types/error.go and controller/relay.go: written before the request is forwarded",
    read: Dialect.declined(code === "access_denied" ? "Unauthorized" : "SubmitRejected")
  }))
]

/** On a poll, which has the same token check. */
export const missed: ReadonlyArray<Dialect.Row<Reading.Reading>> = [
  { status: 401, words: /TokenStatusExhausted/u, source: drained, read: Dialect.failedForMoney }
]
