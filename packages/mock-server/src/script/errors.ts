/** The fixtures of every provider, and the error bodies that they hold. */
import { fixtures as cometapi } from "@reelay/providers/cometapi/fixtures"
import { fixtures as geeknow } from "@reelay/providers/geeknow/fixtures"
import { fixtures as xai } from "@reelay/providers/xai/fixtures"
import { fixtures as xingchao } from "@reelay/providers/xingchao/fixtures"
import type { Answer } from "../answer/Answer.ts"
import type { Provider } from "../base/names.ts"

/** A documented answer: `request` is a method and a path, or "any". */
export interface Recorded {
  readonly request: string
  readonly source: { readonly document: string; readonly heading: string; readonly url: string }
  readonly evidence: { readonly shape?: string; readonly body: string; readonly status: string }
  readonly status: number
  readonly body: unknown
}

export const fixtures: Readonly<Record<Provider, Readonly<Record<string, Recorded>>>> = { cometapi, xingchao, geeknow, xai }

export interface ErrorBody {
  readonly provider: Provider
  /** As in `error.rate-limited`. */
  readonly name: string
  readonly fixture: Recorded
}

/** Every error body of every provider. */
export const errors = (providers: ReadonlyArray<Provider>): ReadonlyArray<ErrorBody> =>
  providers.flatMap((provider) =>
    Object.entries(fixtures[provider]).flatMap(([name, fixture]) => (name.startsWith("error.") ? [{ provider, name, fixture }] : []))
  )

/** The answer that a fault such as `poll-error.rate-limited` names; `undefined` where this provider has none of that name. */
export const errorOf = (fault: string, provider: Provider): Answer | undefined => {
  const name = /^[a-z]+-(error\..+)$/.exec(fault)?.[1]
  const fixture = name === undefined ? undefined : fixtures[provider][name]
  return fixture === undefined ? undefined : { status: fixture.status, body: fixture.body }
}
