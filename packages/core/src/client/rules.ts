/** What the options of a client's calls must be. */
import { abortSignal, callback, flag, refuseOptions, type Rule, type Rules } from "../request/optionRules.ts"
import { rules } from "../engine/options.ts"
import { JobError } from "../job/JobError.ts"
import { refusal } from "../provider/check.ts"
import type { Provider } from "../provider/Provider.ts"
import type { CallOptions, RunOptions, SubmitOptions } from "./contract.ts"

const callRules: Rules<CallOptions> = { signal: abortSignal }

export const submitRules: Rules<SubmitOptions> = {
  ...callRules,
  onSubmitted: callback,
  onUnknown: callback,
  key: rules.key,
  maySubmitAgain: flag,
  label: rules.label,
  saveTo: rules.saveTo
}

export const runRules: Rules<RunOptions> = { ...submitRules, onState: callback }

export const attachRules: Rules<CallOptions & { readonly anyAccount?: boolean | undefined }> = { ...callRules, anyAccount: flag }

/** Throws what is wrong with the options of one call. */
export const checked = (provider: Provider<never>, given: unknown, known: Readonly<Record<string, Rule>>): void => {
  const refused = refuseOptions(given, known)
  if (refused !== undefined) throw refusal(provider, "submit")(refused)
}

/** An AbortController in place of its signal would never abort anything. */
export const refuseSignal = (given: AbortSignal | undefined): JobError | undefined => {
  const reason = refuseOptions({ signal: given }, callRules)
  return reason === undefined ? undefined : new JobError({ reason, provider: "a provider", operation: "attach", attempt: 0 })
}
