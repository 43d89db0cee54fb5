import { node } from "./parts/node.ts"
import { effect } from "./parts/reelay.ts"

export const row = effect(node)
