import { overFetch } from "./parts/fetch.ts"
import { effect } from "./parts/reelay.ts"

export const row = effect(overFetch)
