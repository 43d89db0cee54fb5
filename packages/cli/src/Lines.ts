/** What `--json` prints: one object per line. */
import { type JobError, JobRef, type Artifact, type JobState } from "@reelay/core"

export type Line =
  | ({ readonly _tag: JobState.JobState["_tag"]; readonly ref: string; readonly id: string } & Record<string, unknown>)
  | (Artifact.Saved & { readonly ref: string; readonly id: string })
  | { readonly _tag: "Delivered"; readonly to: string; readonly ref: string; readonly id: string }
  | Skipped
  | { readonly _tag: "JobError"; readonly reason: JobError.Reason["_tag"]; readonly message: string; readonly ref?: string }
  | { readonly _tag: "Interrupted"; readonly ref?: string }

/** A journal entry that is skipped: a living process follows it, or it can't be read. */
export type Skipped =
  | { readonly _tag: "Leased"; readonly entry: string; readonly ref?: string }
  | { readonly _tag: "Damaged"; readonly entry: string; readonly detail: string }

export const ofSaved = (ref: JobRef.JobRef, { _tag, bytes, path, sha256 }: Artifact.Saved): Line => ({
  _tag,
  bytes,
  path,
  sha256,
  ref: JobRef.toUri(ref),
  id: ref.id
})

/** The provider has put the video at a place of the caller's own. */
export const ofDelivered = (ref: JobRef.JobRef, to: string): Line => ({ _tag: "Delivered", to, ref: JobRef.toUri(ref), id: ref.id })

/** A state, with its reference as the URI that `attach` takes. */
export const ofState = ({ _tag, ref, ...rest }: JobState.JobState): Line => ({ _tag, ref: JobRef.toUri(ref), id: ref.id, ...rest })

export const ofError = (error: JobError.JobError): Line => ({
  _tag: "JobError",
  reason: error.reason._tag,
  message: messageOf(error),
  ...(error.ref === undefined ? {} : { ref: JobRef.toUri(error.ref) })
})

/** An error's message, with the command that attaches again: the library's own has the reference alone. */
export const messageOf = ({ message, ref }: JobError.JobError): string => {
  const uri = ref === undefined ? undefined : JobRef.toUri(ref)
  const flagged = message
    .replace("attach with anyAccount: true", "attach with --any-account")
    .replace("base URL (baseUrl)", "base URL (--base-url)")
  return uri === undefined ? flagged : flagged.replace(`ttach again: ${uri}`, () => `ttach again: ${attachCommand(uri)}`)
}

/** What to type to attach to a job. A shell would cut the reference at & without the quotes. */
export const attachCommand = (uri: string): string => `reelay attach '${uri}'`

export const interrupted = (ref: JobRef.JobRef | undefined): Line => ({
  _tag: "Interrupted",
  ...(ref === undefined ? {} : { ref: JobRef.toUri(ref) })
})

/** A problem with the command line itself. */
export const invalid = (message: string): Line => ({ _tag: "JobError", reason: "InvalidRequest", message })
