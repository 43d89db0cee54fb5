/**
 * What Node adds to Reelay: a bounded transport and files.
 *
 * @since 0.1.0
 */
export { createClient, type NodeClientOptions, type NodeJob } from "./client.ts"
export * as Transport from "./Transport.ts"
export * as FileJournal from "./FileJournal.ts"
