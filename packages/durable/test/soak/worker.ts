/** A worker that is killed: takes its instructions from its arguments, says "ready", and leaves on SIGTERM. */
import { xai } from "@reelay/providers/xai"
import { ArtifactStore, createDurable } from "../../src/index.ts"

const [database = "", baseUrl = "", out = "", pace = "1000", lease = "6000", concurrency = "16", submitTimeout = "2000"] =
  process.argv.slice(2)
const durable = createDurable({ database, lease: Number(lease), pollInterval: 500, maxConnections: 12 })
await durable.worker({
  providers: [xai({ apiKey: "key-of-the-soak", baseUrl })],
  artifacts: ArtifactStore.folder(out, { allowPrivateAddresses: true }),
  watch: { pace: Number(pace) },
  submitTimeout: Number(submitTimeout),
  concurrency: Number(concurrency)
})
process.on("SIGTERM", () => void durable.close().then(() => process.exit(0)))
process.stdout.write("ready\n")
