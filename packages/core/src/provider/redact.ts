/** Keeps the key and the values of a caller's headers out of what is shown. */
import * as Redacted from "effect/Redacted"
import { withoutSecret } from "../base/Text.ts"
import type { Provider } from "./Provider.ts"

/** Leaves the key and the values of the caller's headers out of a text: some gateways repeat them in what they say. */
export const redactor =
  ({ apiKey, headers = {} }: Provider<never>) =>
  (text: string): string =>
    [apiKey, ...Object.values(headers)].reduce((shown, secret) => withoutSecret(shown, Redacted.value(secret)), text)
