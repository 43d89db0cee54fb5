/** What no client can help in a world: an exploration is about the client. */
import type { Law } from "../judge/laws.ts"
import { type Endpoint, kindOf } from "../script/Fault.ts"
import type { World } from "../script/World.ts"

/**
 * A job that ends without a video is no success. A submission that fails may be given up, as nobody can tell whether it made a job; what it made
 * is lost. And a download that fails may be given up, or may look whole.
 */
export const unavoidable = ({ script = {} }: World): ReadonlyArray<Law> => {
  const { ending = "succeeded", faults = [] } = script
  const broken = new Set<Endpoint | undefined>(faults.map(({ name }) => kindOf(name)?.endpoint))
  return [
    ...(ending === "succeeded" ? [] : (["unsuccessful"] as const)),
    ...(broken.has("submit") ? (["lost", "refused"] as const) : []),
    ...(broken.has("file") || broken.has("content") ? (["incomplete"] as const) : [])
  ]
}
