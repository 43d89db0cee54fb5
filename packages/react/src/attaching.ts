/** One attachment for each job of a client, however many components show it. */
import type { JobClient, PromiseJob } from "@reelay/core/promise"
import { Store } from "./Store.ts"
import { attaching, failed, type JobView } from "./view.ts"
import { type WatchedJob, watched } from "./watching.ts"

/** What is needed of a client to return to a job. */
export type Attaches<J extends PromiseJob> = Pick<JobClient<never, J>, "attach">

interface Attachment {
  readonly job: Promise<PromiseJob>
  readonly abort: AbortController
  users: number
}

const attachments = new WeakMap<object, Map<string, Attachment>>()

const shared = (client: Attaches<PromiseJob>, id: string): Attachment => {
  const all = attachments.get(client) ?? new Map<string, Attachment>()
  attachments.set(client, all)
  const abort = new AbortController()
  const mine = all.get(id) ?? { abort, job: client.attach(id, { signal: abort.signal }), users: 0 }
  mine.users += 1
  all.set(id, mine)
  return mine
}

const released = (client: Attaches<PromiseJob>, id: string, mine: Attachment): void => {
  mine.users -= 1
  if (mine.users > 0) return
  mine.abort.abort()
  attachments.get(client)?.delete(id)
}

/** Attaches when somebody listens, and not in a render. */
export const attachedTo = (client: Attaches<PromiseJob>, id: string): Store<JobView> => {
  let view: JobView = attaching
  let job: WatchedJob<PromiseJob> | undefined
  return new Store(
    () => job?.store.getSnapshot() ?? view,
    (changed) => {
      const mine = shared(client, id)
      let leave: (() => void) | undefined
      let isOpen = true
      const attach = async (): Promise<void> => {
        try {
          const found = watched(await mine.job)
          if (!isOpen) return
          leave = found.store.subscribe(changed)
          job = found
        } catch (error) {
          if (isOpen) view = failed(error)
        }
        changed()
      }
      void attach()
      return () => {
        isOpen = false
        leave?.()
        released(client, id, mine)
      }
    }
  )
}
