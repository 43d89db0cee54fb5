/**
 * The life of an asynchronous video-generation job, as typed and cancellable states.
 *
 * @since 0.1.0
 */
export * as Artifact from "./artifact/Artifact.ts"
export * as Budget from "./poll/Budget.ts"
export * as Capability from "./request/Capability.ts"
export * as Dialect from "./provider/Dialect.ts"
export * as Images from "./request/Images.ts"
export * as Job from "./Job.ts"
export * as JobError from "./job/JobError.ts"
export * as JobRef from "./job/JobRef.ts"
export * as JobState from "./job/JobState.ts"
export * as JobStateSchema from "./job/JobStateSchema.ts"
export * as Journal from "./journal/Journal.ts"
export * as KeyValueJournal from "./journal/KeyValueJournal.ts"
export * as Limits from "./limits/Limits.ts"
export * as Metrics from "./telemetry/Metrics.ts"
export * as Pace from "./poll/Pace.ts"
export * as Poller from "./poll/Poller.ts"
export * as PollerSchema from "./poll/PollerSchema.ts"
export * as Provider from "./provider/Provider.ts"
export * as PublicNetwork from "./artifact/PublicNetwork.ts"
export * as Reading from "./job/Reading.ts"
export * as Text from "./base/Text.ts"
export * as Transport from "./transport/Transport.ts"
export * as VideoRequest from "./request/VideoRequest.ts"
export * as VideoRequestSchema from "./request/VideoRequestSchema.ts"
