import { overFetch } from "./parts/fetch.ts"
import { promise } from "./parts/reelay.ts"

export const row = promise(overFetch)
