/** Redacts the key and the values of a caller's headers. */
import * as Redacted from "effect/Redacted"
import { withoutSecret } from "../base/Text.ts"
import type { Provider } from "./Provider.ts"

/** Removes the key and the values of the caller's headers from a text: some gateways repeat them in their messages. */
export const redactor =
  ({ apiKey, headers = {} }: Provider<never>) =>
  (text: string): string =>
    [apiKey, ...Object.values(headers)].reduce((shown, secret) => withoutSecret(shown, Redacted.value(secret)), text)
