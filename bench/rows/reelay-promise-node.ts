import { node } from "./parts/node.ts"
import { promise } from "./parts/reelay.ts"

export const row = promise(node)
