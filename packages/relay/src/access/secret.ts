/** The secret that names are sealed with, where none was given. */
import type { Provider } from "@reelay/core"
import * as Redacted from "effect/Redacted"

/** From the keys that the relay has anyway: nobody who does not know them can guess it, and all instances with the same keys agree. */
export const secretOf = (providers: ReadonlyArray<Provider.Provider<never>>): string =>
  JSON.stringify(["reelay relay", ...providers.map(({ apiKey, definition }) => [definition.name, Redacted.value(apiKey)])])
