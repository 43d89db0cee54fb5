import { node } from "./parts/node.ts"
import { rxjs } from "./parts/reelay.ts"

export const row = rxjs(node)
