/**
 * Jobs and clients that a test drives by hand: for tests of components, and for marble tests. Nothing here needs a server, or a clock.
 *
 * @since 0.1.0
 */
export { fakeClient, type FakeClient, type FakeClientOptions, type FakeSubmission } from "./fakeClient.ts"
export { fakeJob, type FakeJob, type FakeJobOptions } from "./fakeJob.ts"
