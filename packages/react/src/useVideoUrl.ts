"use client"
import type { PromiseJob } from "@reelay/core/promise"
import { useEffect, useState } from "react"

/**
 * An address for `<video src>`, once there is a video: as `job.url()`, which fetches the bytes if a page can't load the provider's link. Nothing
 * before that, and if it fails: `error` says why.
 *
 * **Example** (Showing any provider's video)
 *
 * ```ts
 * import type { PromiseJob } from "@reelay/core/promise"
 * import { useVideoUrl } from "@reelay/react"
 * import { createElement } from "react"
 *
 * export const Player = ({ job }: { readonly job: PromiseJob }) => createElement("video", { controls: true, src: useVideoUrl(job).url })
 * ```
 *
 * @category hooks
 * @since 0.1.0
 */
export const useVideoUrl = (job: PromiseJob | undefined): { readonly url: string | undefined; readonly error: unknown } => {
  const [found, setFound] = useState<{ readonly job: PromiseJob; readonly url?: string; readonly error?: unknown } | undefined>(undefined)
  useEffect(() => {
    if (job === undefined) return undefined
    const controller = new AbortController()
    const { signal } = controller
    job.url({ signal }).then(
      (url) => signal.aborted || setFound({ job, url }),
      (error: unknown) => signal.aborted || setFound({ job, error })
    )
    return () => controller.abort()
  }, [job])
  return found?.job === job ? { url: found?.url, error: found?.error } : { url: undefined, error: undefined }
}
