/**
 * The life of an asynchronous video-generation job, as typed and cancellable states.
 *
 * @since 0.1.0
 */
export * as Artifact from "./Artifact.ts"
export * as Budget from "./Budget.ts"
export * as Capability from "./Capability.ts"
export * as Dialect from "./Dialect.ts"
export * as Images from "./Images.ts"
export * as Job from "./Job.ts"
export * as JobError from "./JobError.ts"
export * as JobRef from "./JobRef.ts"
export * as JobState from "./JobState.ts"
export * as JobStateSchema from "./JobStateSchema.ts"
export * as Journal from "./Journal.ts"
export * as KeyValueJournal from "./KeyValueJournal.ts"
export * as Limits from "./Limits.ts"
export * as Metrics from "./Metrics.ts"
export * as Pace from "./Pace.ts"
export * as Provider from "./Provider.ts"
export * as PublicNetwork from "./PublicNetwork.ts"
export * as Reading from "./Reading.ts"
export * as Text from "./Text.ts"
export * as Transport from "./Transport.ts"
export * as VideoRequest from "./VideoRequest.ts"
export * as VideoRequestSchema from "./VideoRequestSchema.ts"
