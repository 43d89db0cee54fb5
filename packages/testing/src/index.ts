/**
 * Laws, generators and judges for clients of video APIs, Reelay's own and others.
 *
 * @since 0.1.0
 */
export { type Advance, advanceLaws } from "./advanceLaws.ts"
export * as Arbitraries from "./Arbitraries.ts"
export * as Coverage from "./Coverage.ts"
export { type Engine, engineLaws } from "./engineLaws.ts"
export { type Expectation, expectStates, pictureOf, type Source, StatesDiffer } from "./expectStates.ts"
export { fakeClient, type FakeClient, fakeJob, type FakeJob } from "./fakes/index.ts"
export * as Law from "./Law.ts"
export * as Lockstep from "./Lockstep.ts"
export { type Fixture, providerLaws, type Subject } from "./providerLaws.ts"
export * as Timeline from "./Timeline.ts"
/** The mock's judges, re-exported so that one package is enough: what was done, what it cost, and everything that was wrong. */
export { History, Ledger, Verdict } from "@reelay/mock-server"
