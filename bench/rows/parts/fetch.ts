import { FetchTransport } from "@reelay/core"
import { createClient } from "@reelay/core/promise"
import type { Transport } from "./reelay.ts"

/** The platform's `fetch`. */
export const overFetch: Transport = { kind: "fetch", title: "fetch", layer: FetchTransport.layer(), createClient }
