/** What the routes of one relay share. */
import { fromUri, type JobRef, toUri } from "@reelay/core/JobRef"
import type { JobState } from "@reelay/core/JobState"
import { outlook } from "@reelay/core/Durations"
import { refuse } from "../access/refuse.ts"
import type { Sealer } from "../access/seal.ts"
import type { Desk, Kept } from "../jobs/Desk.ts"
import type { Ledger } from "../jobs/Ledger.ts"
import type { RelayOptions } from "../jobs/options.ts"
import type { Services } from "../jobs/services.ts"
import { shown } from "../jobs/shown.ts"
import type { Submissions } from "../jobs/submit.ts"
import type { WireJob, WireOutlook } from "../wire/WireState.ts"
import type { Route } from "./route.ts"
import type { Streams } from "./Streams.ts"

export interface Shared {
  readonly options: RelayOptions
  readonly allow: ReadonlyArray<string>
  readonly requestBytes: number
  readonly services: Services
  readonly sealer: Sealer
  readonly desk: Desk
  readonly ledger: Ledger
  readonly submissions: Submissions
  readonly streams: Streams
}

/** A request that was let in. */
export interface Call {
  readonly request: Request
  readonly route: Route
  readonly user: string
}

/** How long a name is good, from the submission. Milliseconds. */
const nameLasts = 30 * 24 * 3_600_000

/** The name of a job for a user. The same each time. */
export const nameOf = ({ sealer }: Shared, ref: JobRef, user: string): Promise<string> =>
  sealer.seal({ what: "job", text: toUri(ref), owner: user, until: ref.submittedAt + nameLasts })

/** The name of a submission with an unknown outcome. */
export const nameOfKey = ({ sealer }: Shared, key: string, at: number, user: string): Promise<string> =>
  sealer.seal({ what: "key", text: key, owner: user, until: at + nameLasts })

/** What a name stands for. Another user's is as unknown as one that was made up. */
export const named = async (
  { sealer }: Shared,
  name: string,
  user: string
): Promise<{ readonly ref: JobRef } | { readonly key: string }> => {
  const sealed = await sealer.open(name)
  if (sealed === undefined || sealed.owner !== user) throw unknownJob()
  if (sealed.until < Date.now()) throw refuse("HandleExpired", "The name of this job has expired.")
  if (sealed.what === "key") return { key: sealed.text }
  const ref = fromUri(sealed.text)
  if (typeof ref === "string") throw unknownJob()
  return { ref }
}

/** The job of a name. */
export const jobOf = async (shared: Shared, name: string, user: string): Promise<Kept> => {
  const found = await named(shared, name, user)
  if ("key" in found) throw unknownJob()
  return shared.desk.find(found.ref)
}

const unknownJob = () => refuse("UnknownJob", "You have no job of this name.")

/** A state as it is sent. */
export const wireJob = ({ options }: Shared, name: string, state: JobState): WireJob => {
  const { kind, provider, submittedAt } = state.ref
  const told = { job: name, provider, kind, submittedAt, state: shown(state, options.artifacts?.links === true) }
  const ahead = outlookOf(options, state)
  return ahead === undefined ? told : { ...told, outlook: ahead }
}

const outlookOf = ({ watch: { durations, pace } = {} }: RelayOptions, state: JobState): WireOutlook | undefined => {
  const at = Date.now()
  const learned = durations ?? (typeof pace === "function" && "durations" in pace ? pace.durations : undefined)
  const { eta, progress, source } = outlook(state, learned?.expected(state.ref, Math.max(0, at - state.ref.submittedAt)), at) ?? {}
  if (eta === undefined || progress === undefined || source === undefined) return undefined
  const rate = source === "reported" ? 0 : Math.max(0, 0.97 - progress) / Math.max(1, eta - at)
  return { at, progress, rate, eta, source }
}

export const json = (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { "cache-control": "no-store", ...headers, "content-type": "application/json" } })
