import { overFetch } from "./parts/fetch.ts"
import { rxjs } from "./parts/reelay.ts"

export const row = rxjs(overFetch)
