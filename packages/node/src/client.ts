/**
 * The Promise API on Node: the same client, over undici's pool, with files.
 *
 * @since 0.1.0
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Artifact, Job, Journal, Limits, Outbound } from "@reelay/core"
import {
  byFetch,
  type CallOptions,
  checkClient,
  type Client,
  type ClientOptions,
  clientOver,
  logging,
  type Members,
  type PromiseJob
} from "@reelay/core/promise"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { rules } from "./internal/options.ts"
import * as Transport from "./Transport.ts"

/** @category models */
export interface NodeJob extends PromiseJob {
  /** Waits for the video and saves it at this path: the whole file, or nothing. */
  readonly save: (path: string, options?: CallOptions & Artifact.SaveOptions) => Promise<Artifact.Saved>
  /** Waits for the video and saves it in this folder, under a name of its own: `xai-a3d1008e.mp4`. No other file is replaced. */
  readonly saveIn: (folder: string, options?: CallOptions & Artifact.SaveOptions) => Promise<Artifact.Saved>
}

/** @category models */
export interface NodeClientOptions<Request> extends ClientOptions<Request>, Transport.Options {}

let shared: Outbound.Outbound | undefined
let limits: Limits.Limits | undefined

/**
 * Makes a client for one provider. All clients of a process share one pool, unless they set transport options or a `fetch`, and one
 * `Limits`, unless they set `limits`: a 429 pauses all jobs of its account, and the circuit of an address that does not answer opens for
 * a while. There is no rate unless you set one. Your own `fetch` resolves names by itself: then only addresses that a link spells out
 * can be recognised as private.
 *
 * **Example** (From a prompt to a file)
 *
 * ```ts
 * import { createClient } from "@reelay/node"
 * import { xai } from "@reelay/providers/xai"
 *
 * export const save = async (apiKey: string, path: string) => {
 *   const job = await createClient({ provider: xai({ apiKey }) }).submit({ prompt: "A candle flickers on a wooden table." })
 *   return job.save(path)
 * }
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const createClient = <Request>(options: NodeClientOptions<Request>): Client<Request, NodeJob> => {
  checkClient(options, rules)
  const outbound = outboundOf(options)
  const { connections: _, connectTimeout: __, proxy: ___, ...client } = options
  const { journal } = options
  const transport = Layer.effectContext(outbound.downloads)
  const services = Layer.mergeAll(transport, NodeFileSystem.layer, logging(options.logLevel))
  const layer = journal === undefined ? services : Layer.merge(services, Layer.succeed(Journal.Journal, journal))
  const saving =
    (save: typeof Artifact.save): Members<NodeJob>["save"] =>
    (watch, run) =>
    (path, { signal, ...artifact } = {}) =>
      run(
        Effect.provide(
          Effect.flatMap(Job.handleOf(watch).result, (state) => save(options.provider, state, path, artifact)),
          layer
        ),
        signal
      )
  return clientOver<Request, NodeJob>(
    outbound,
    { ...client, limits: options.limits ?? (limits ??= Limits.memory()) },
    { save: saving(Artifact.save), saveIn: saving(Artifact.saveIn) }
  )
}

const outboundOf = <Request>({ connections, connectTimeout, fetch, proxy }: NodeClientOptions<Request>): Outbound.Outbound => {
  if (fetch !== undefined) return byFetch(fetch)
  const own = connections !== undefined || connectTimeout !== undefined || proxy !== undefined
  return own
    ? Outbound.fromContext(Transport.context({ connections, connectTimeout, proxy }))
    : (shared ??= Outbound.fromContext(Transport.context()))
}
