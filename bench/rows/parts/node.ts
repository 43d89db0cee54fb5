import { createClient, Transport as NodeTransport } from "@reelay/node"
import type { Transport } from "./reelay.ts"

/** What `@reelay/node` sends by. */
export const node: Transport = { kind: "node", title: "@reelay/node", layer: NodeTransport.layer(), createClient }
