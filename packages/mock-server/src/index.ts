/**
 * A mock of CometAPI, XingChao, GeekNow and xAI video generation that answers with their documented payloads.
 *
 * @since 0.1.0
 */

/** Looks for the smallest world in which a client does something wrong. */
export * as Explore from "./explore/Explore.ts"
/** What can go wrong, as a catalogue. */
export * as Fault from "./script/Fault.ts"
/** Judges what happened. */
export * as History from "./judge/History.ts"
/** What the submissions would have cost. */
export * as Ledger from "./judge/Ledger.ts"
/** The words of a prompt that choose what becomes of its job. */
export * as MagicPrompt from "./script/MagicPrompt.ts"
/** The mock itself: a function from Request to Response. */
export * as Mock from "./mock/Mock.ts"
/** Small, playable videos. */
export * as Mp4 from "./answer/mp4/Mp4.ts"
/** What a provider is: a value that you can write, too. */
export * as Provider from "./provider/Provider.ts"
/** Rules for what a provider takes. */
export * as Rules from "./base/Rules.ts"
/** The life of a job as data. */
export * as Script from "./script/Script.ts"
/** All that was wrong in a mock. */
export * as Verdict from "./judge/Verdict.ts"
/** A world of the mock as data, and as a base URL. */
export * as World from "./script/World.ts"
export type { Entry } from "./serve/Journal.ts"
export type { Job } from "./provider/Provider.ts"
export { providers } from "./providers/index.ts"
