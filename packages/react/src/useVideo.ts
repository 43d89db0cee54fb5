"use client"
import type { CancelOutcome, PromiseJob, SubmitOptions } from "@reelay/core/promise"
import { useEffect, useState } from "react"
import { type Selection, useStore, whole } from "./useStore.ts"
import { controllerOf, type Makes } from "./VideoController.ts"
import { idle, type JobView } from "./view.ts"

/** @category models */
export interface VideoOptions {
  /**
   * What happens when the component is gone. `leave`: the job goes on at the provider, and is not followed here. `keep`: it is followed to its end.
   * A submission whose POST has not begun is always left, and sends nothing. Default: `leave`.
   */
  readonly onUnmount?: "leave" | "keep" | undefined
  /** Components with the same client and slot show the same video, one after another: it is there again when a route comes back. Default: none. */
  readonly slot?: string | undefined
}

/**
 * What a component can do. Each is the same function in every render.
 *
 * @category models
 * @since 0.1.0
 */
export interface VideoControls<Request, J extends PromiseJob> {
  /**
   * Submits a job, and leaves the one before. Resolves with it, or with nothing if there is none: then `status` and `error` say why. Twice in one turn
   * pays for the last alone.
   */
  readonly submit: (request: Request, options?: SubmitOptions) => Promise<J | undefined>
  /** Asks the provider to stop the job, and returns the true outcome; nothing if there is no job. What was never sent is `Cancelled`. */
  readonly cancel: () => Promise<CancelOutcome | undefined>
  /** Follows it no longer. The job goes on at the provider. */
  readonly leave: () => void
  /** Follows it again, after it was left or lost. */
  readonly watch: () => void
  /** Leaves it, and is `idle`. */
  readonly reset: () => void
}

/**
 * Makes a video, and shows what becomes of it. Pays once for each `submit`, in StrictMode too, even if an effect without a clean-up calls it.
 *
 * With `select` the component renders again only if the selected part changes, which it gets as `selected`.
 *
 * **Example** (A prompt and its video)
 *
 * ```ts
 * import type { Client } from "@reelay/core/promise"
 * import { useVideo } from "@reelay/react"
 * import { createElement } from "react"
 *
 * export const Film = ({ client }: { readonly client: Client<{ readonly prompt: string }> }) => {
 *   const { error, isPending, progress, submit, video } = useVideo(client)
 *   if (video !== undefined) return createElement("video", { controls: true, src: video.artifacts[0].url })
 *   if (isPending) return createElement("progress", { value: progress })
 *   if (error !== undefined) return createElement("p", { role: "alert" }, String(error))
 *   return createElement("button", { onClick: () => void submit({ prompt: "A candle flickers." }) }, "Make it")
 * }
 * ```
 *
 * @category hooks
 * @since 0.1.0
 */
export function useVideo<Request, J extends PromiseJob>(
  client: Makes<Request, J>,
  options?: VideoOptions
): JobView<J> & VideoControls<Request, J>
export function useVideo<Request, J extends PromiseJob, S>(
  client: Makes<Request, J>,
  options: VideoOptions & Selection<JobView<J>, S>
): { readonly selected: S } & VideoControls<Request, J>
export function useVideo<Request, J extends PromiseJob>(
  client: Makes<Request, J>,
  { isEqual, onUnmount = "leave", select, slot }: VideoOptions & Partial<Selection<JobView<J>, unknown>> = {}
): object {
  const [held, hold] = useState(() => controllerOf(client, slot))
  let controller = held
  if (held.client !== client || held.slot !== slot) {
    controller = controllerOf(client, slot)
    hold(controller)
  }
  useEffect(() => {
    controller.mounted()
    return () => controller.unmounted(onUnmount)
  }, [controller, onUnmount])
  const shown = useStore<JobView<J>, unknown>(controller.store, () => idle, select === undefined ? whole : { select, isEqual })
  const { cancel, leave, reset, submit, watch } = controller
  const controls: VideoControls<Request, J> = { cancel, leave, reset, submit, watch }
  return select === undefined && typeof shown === "object" ? { ...shown, ...controls } : { selected: shown, ...controls }
}
