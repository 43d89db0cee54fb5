"use client"
import { toUri } from "@reelay/core/JobRef"
import type { JobRef, PromiseJob } from "@reelay/core/promise"
import { createContext, useContext, useMemo } from "react"
import { attachedTo, type Attaches } from "./attaching.ts"
import { type Selection, useStore, whole } from "./useStore.ts"
import { attaching, idle, type JobView } from "./view.ts"
import { watched } from "./watching.ts"

const Context = createContext<Attaches<PromiseJob> | undefined>(undefined)

/**
 * Gives the components below it a client, for `useJob` with an id: `<ClientProvider value={client}>`.
 *
 * @category components
 * @since 0.1.0
 */
export const ClientProvider = Context.Provider

/** @category models */
export interface JobOptions<J extends PromiseJob> {
  /** The client that an id or a reference belongs to. Default: that of the `ClientProvider`. */
  readonly client?: Attaches<J> | undefined
}

/**
 * Shows a job, and follows it while it is shown: a job, or its id or reference, which it attaches to. Without one it is `idle`. However many
 * components show one job, it is followed once. Sends no POST.
 *
 * With `select` it gives only that, and the component renders again only if it changes.
 *
 * **Example** (A progress bar whose ticks render nothing else)
 *
 * ```ts
 * import type { PromiseJob } from "@reelay/core/promise"
 * import { useJob } from "@reelay/react"
 * import { createElement } from "react"
 *
 * export const Bar = ({ job }: { readonly job: PromiseJob }) =>
 *   createElement("progress", { value: useJob(job, { select: ({ progress }) => progress }) })
 * ```
 *
 * @category hooks
 * @since 0.1.0
 */
export function useJob<J extends PromiseJob>(which: J | undefined): JobView<J>
export function useJob<J extends PromiseJob, S>(which: J | undefined, options: Selection<JobView<J>, S>): S
export function useJob<J extends PromiseJob = PromiseJob>(
  which: PromiseJob | JobRef | string | undefined,
  options?: JobOptions<J>
): JobView<J>
export function useJob<J extends PromiseJob, S>(
  which: PromiseJob | JobRef | string | undefined,
  options: JobOptions<J> & Selection<JobView<J>, S>
): S
export function useJob(
  which: PromiseJob | JobRef | string | undefined,
  options: JobOptions<PromiseJob> & Partial<Selection<JobView, unknown>> = {}
): unknown {
  const provided = useContext(Context)
  const client = options.client ?? provided
  const job = typeof which === "object" && "current" in which ? which : undefined
  const id = typeof which === "string" ? which : which === undefined || "current" in which ? undefined : toUri(which)
  const store = useMemo(() => {
    if (job !== undefined) return watched(job).store
    if (id === undefined) return none
    if (client !== undefined) return attachedTo(client, id)
    throw new Error("useJob got an id, and no client that it belongs to: give it one, or render it in a ClientProvider.")
  }, [job, id, client])
  const { isEqual, select } = options
  return useStore<JobView, unknown>(
    store,
    id === undefined ? store.getSnapshot : () => attaching,
    select === undefined ? whole : { select, isEqual }
  )
}

const none = { getSnapshot: (): JobView => idle, subscribe: () => () => undefined }
