import { createClient } from "@reelay/core/promise"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type { Transport } from "./reelay.ts"

/** The platform's `fetch`. */
export const overFetch: Transport = { kind: "fetch", title: "fetch", layer: FetchHttpClient.layer, createClient }
