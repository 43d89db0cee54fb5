/**
 * React hooks for Reelay: a video, a job, a list of jobs. They work with every client that meets the contract of `@reelay/core/promise`.
 *
 * @since 0.1.0
 */
export { ClientProvider, type JobOptions, useJob } from "./useJob.ts"
export { useJobs } from "./useJobs.ts"
export type { Selection } from "./useStore.ts"
export { useVideo, type VideoControls, type VideoOptions } from "./useVideo.ts"
export { useVideoUrl } from "./useVideoUrl.ts"
export type { JobView } from "./view.ts"
