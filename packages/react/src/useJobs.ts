"use client"
import type { JobClient, ListedJob, PromiseJob } from "@reelay/core/promise"
import { useMemo } from "react"
import { Store } from "./Store.ts"
import { type Selection, useStore, whole } from "./useStore.ts"

type Lists<J extends PromiseJob> = Pick<JobClient<never, J>, "jobs">

/**
 * Shows the list of a client's jobs, oldest first, and follows the unfinished ones while it is shown. On a server, and until the page has taken over,
 * it is empty.
 *
 * **Example** (How many are being made)
 *
 * ```ts
 * import type { Client } from "@reelay/core/promise"
 * import { useJobs } from "@reelay/react"
 *
 * export const useRunning = (client: Client<never>) =>
 *   useJobs(client, { select: (jobs) => jobs.filter(({ status }) => status === "Running").length })
 * ```
 *
 * @category hooks
 * @since 0.1.0
 */
export function useJobs<J extends PromiseJob>(client: Lists<J>): ReadonlyArray<ListedJob<J>>
export function useJobs<J extends PromiseJob, S>(client: Lists<J>, options: Selection<ReadonlyArray<ListedJob<J>>, S>): S
export function useJobs<J extends PromiseJob>(
  client: Lists<J>,
  { isEqual, select }: Partial<Selection<ReadonlyArray<ListedJob<J>>, unknown>> = {}
): unknown {
  const store = useMemo(() => listOf(client), [client])
  return useStore<ReadonlyArray<ListedJob<J>>, unknown>(store, () => empty, select === undefined ? whole : { select, isEqual })
}

const empty: ReadonlyArray<never> = []

const listOf = <J extends PromiseJob>({ jobs }: Lists<J>): Store<ReadonlyArray<ListedJob<J>>> =>
  new Store(jobs.current, (changed) => jobs.subscribe(() => changed()))
