/** `GET` and `HEAD /jobs/:id/video`: the bytes as they come, or a range of them. Nothing of the file is kept. */
import { Artifact, JobError } from "@reelay/core"
import { isTerminal, type Succeeded } from "@reelay/core/JobState"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { refuse } from "../access/refuse.ts"
import { type Call, jobOf, type Shared } from "./Shared.ts"

const gibibyte = 1024 ** 3
const types = new Set(["video/mp4", "video/webm", "video/quicktime"])
const containers = new Map([
  ["mp4", "video/mp4"],
  ["webm", "video/webm"],
  ["mov", "video/quicktime"]
])

export const video = async (shared: Shared, { request, route, user }: Call): Promise<Response> => {
  const { options, services } = shared
  const state = await succeeded(shared, route.job, user)
  const provider = shared.desk.provider(state.ref)
  const asked = request.method === "HEAD" ? { from: 0, to: 4095 } : rangeOf(request.headers.get("range"))
  const open = (range: Artifact.Range | undefined): Promise<Artifact.Opened> =>
    services.run(Artifact.open(provider, state, range, { allowPrivateAddresses: options.artifacts?.allowPrivateAddresses }), request.signal)
  let found = await open(asked)
  let etag = await etagOf(route.job, found)
  const condition = request.headers.get("if-range")
  let range = asked
  if (request.method === "GET" && asked !== undefined && condition !== null && condition !== etag) {
    await discard(found)
    range = undefined
    found = await open(undefined)
    etag = await etagOf(route.job, found)
  }
  const { from, satisfiable, to, total } = found
  const common = {
    "accept-ranges": "bytes",
    etag,
    "cache-control": "private, max-age=3600",
    "content-type": typeOf(found),
    "content-disposition": "inline",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff"
  }
  const most = options.artifacts?.maxBytes ?? 2 * gibibyte
  if (total !== undefined && total > most) {
    await discard(found)
    throw tooLarge(state, most)
  }
  if (isKnown(request, etag)) {
    await discard(found)
    return new Response(null, { status: 304, headers: common })
  }
  if (request.method === "HEAD") {
    await discard(found)
    return new Response(null, { headers: { ...common, ...(total === undefined ? {} : { "content-length": String(total) }) } })
  }
  if (!satisfiable) return new Response(null, { status: 416, headers: { ...common, "content-range": `bytes */${total ?? "*"}` } })
  const isPart = range !== undefined && total !== undefined && to !== undefined
  return new Response(Stream.toReadableStream(limited(found.bytes, most, state)), {
    status: isPart ? 206 : 200,
    headers: {
      ...common,
      ...(to === undefined ? {} : { "content-length": String(to - from) }),
      ...(isPart ? { "content-range": `bytes ${from}-${to - 1}/${total}` } : {})
    }
  })
}

/** The finished job. One whose state this relay does not know yet is asked about first. */
const succeeded = async (shared: Shared, name: string, user: string): Promise<Succeeded> => {
  const state = await shared.desk.look(await jobOf(shared, name, user))
  if (state._tag === "Succeeded") return state
  if (isTerminal(state)) throw refuse("NoVideo", `The job has ended as ${state._tag}: there is no video.`)
  throw refuse("NotReady", `The job is still ${state._tag}.`, { again: "watch", headers: { "retry-after": "5" } })
}

/** One range; several at once may be ignored (RFC 9110, 14.2), as may what isn't one. */
const rangeOf = (header: string | null): Artifact.Range | undefined => {
  const [, from, to] = /^\s*bytes\s*=\s*(\d{0,15})-(\d{0,15})\s*$/u.exec(header ?? "") ?? []
  if (from === undefined || to === undefined || (from === "" && to === "")) return undefined
  if (from === "") return { last: Number(to) }
  if (to === "") return { from: Number(from) }
  return Number(to) < Number(from) ? undefined : { from: Number(from), to: Number(to) }
}

/** Of the relay's own making: a server's ETag may tell who it is, and a job may have several. */
const etagOf = async (name: string, { etag, total }: Artifact.Opened): Promise<string> => {
  const text = new TextEncoder().encode(JSON.stringify([name, etag ?? null, total ?? null]))
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", text))
  return `"${Array.from(hash.subarray(0, 12), (byte) => byte.toString(16).padStart(2, "0")).join("")}"`
}

const isKnown = ({ headers }: Request, etag: string): boolean =>
  (headers.get("if-none-match") ?? "").split(",").some((each) => ["*", etag].includes(each.trim().replace(/^W\//u, "")))

/** Its bytes say what it is. Servers name videos in many ways; what names another kind of file is given as bytes. */
const typeOf = ({ container, type }: Artifact.Opened): string => {
  if (container !== undefined) return containers.get(container) ?? "application/octet-stream"
  if (type === undefined || type === "application/octet-stream" || type === "binary/octet-stream") return "video/mp4"
  return types.has(type) ? type : "application/octet-stream"
}

const tooLarge = ({ ref }: Succeeded, limitBytes: number): JobError.JobError =>
  new JobError.JobError({
    reason: new JobError.ArtifactTooLarge({ limitBytes }),
    provider: ref.provider,
    operation: "download",
    attempt: 1,
    ref
  })

const limited = (
  bytes: Stream.Stream<Uint8Array, JobError.JobError>,
  most: number,
  state: Succeeded
): Stream.Stream<Uint8Array, JobError.JobError> => {
  let size = 0
  return Stream.mapEffect(bytes, (chunk) => {
    size += chunk.byteLength
    return size > most ? Effect.fail(tooLarge(state, most)) : Effect.succeed(chunk)
  })
}

/** Closes the request at the other end. */
const discard = ({ bytes }: Artifact.Opened): Promise<unknown> => Effect.runPromise(Effect.ignore(Stream.runHead(bytes)))
