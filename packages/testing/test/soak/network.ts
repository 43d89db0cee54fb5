/** The network between the processes and the mock: it has latency, loses requests and answers, and interrupts downloads. */
import { Mock } from "@reelay/mock-server"
import { createHash } from "node:crypto"
import type { World } from "../../src/internal/virtual.ts"
import { type Dice, dice } from "./dice.ts"
import { type Book, count, type Life } from "./life.ts"
import type { Plan, Storm } from "./plan.ts"

export interface Network {
  readonly fetchOf: (life: Life) => typeof globalThis.fetch
  /** Requests that have been neither answered to the end of their body nor aborted. */
  readonly open: () => number
  /** SHA-256 of each whole video that was served, by its path. */
  readonly videos: ReadonlyMap<string, ReadonlySet<string>>
}

/** The sender and time of a request in the mock's journal: `<process> <milliseconds>`. */
export const stamp = "x-soak"

/** The start of the mock's clock: 1 January 2026. The processes' own clocks are close to it. */
export const epoch = 1_767_225_600_000

/** The job that a text names. */
export const filmIn = (text: string): string | undefined => /film-\d+/u.exec(text)?.[0]

/** How one request ends. */
type Fault = "none" | "refused" | "reset" | "answer lost" | "silence"

const faultOf = (draw: Dice): Fault => {
  const at = draw.fraction()
  if (at < 0.02) return "refused"
  if (at < 0.035) return "reset"
  if (at < 0.05) return "answer lost"
  return at < 0.057 ? "silence" : "none"
}

/** In undici's form. */
const broken = (code: string, words: string): TypeError =>
  new TypeError("fetch failed", {
    cause: Object.assign(new Error(words), { code, ...(code === "ECONNREFUSED" ? { syscall: "connect" } : {}) })
  })
const refused = (): TypeError => broken("ECONNREFUSED", "connect ECONNREFUSED")
const reset = (): TypeError => broken("ECONNRESET", "read ECONNRESET")

export const network = (world: World, mock: Mock.Mock, plan: Plan, log: Book): Network => {
  const open = new Set<object>()
  const videos = new Map<string, Set<string>>()
  const turns = new Map<string, number>()

  const stormAt = (now: number): Storm | undefined => plan.storms.find(({ from, until }) => now >= from && now < until)

  const fetchOf =
    (life: Life): typeof globalThis.fetch =>
    async (input, init) => {
      const entry = {}
      open.add(entry)
      const cut = new AbortController()
      const abort = (): void => cut.abort(init?.signal?.reason ?? new Error("the process was killed"))
      const stopListening = life.onDeath(abort)
      init?.signal?.addEventListener("abort", abort, { once: true })
      if (init?.signal?.aborted === true || !life.alive()) abort()
      const done = (): void => {
        open.delete(entry)
        stopListening()
        init?.signal?.removeEventListener("abort", abort)
      }
      try {
        return await exchange(life, new Request(input, { ...init, signal: null }), cut.signal, done)
      } catch (error) {
        done()
        throw error
      }
    }

  const exchange = async (life: Life, request: Request, cut: AbortSignal, done: () => void): Promise<Response> => {
    const { pathname } = new URL(request.url)
    const isPost = request.method === "POST"
    const begun = world.now()
    let idle = world.busy()
    /** Time passes. */
    const travel = async (millis: number): Promise<void> => {
      idle()
      try {
        await world.delay(millis, cut)
      } finally {
        idle = world.busy()
      }
      cut.throwIfAborted()
    }
    try {
      cut.throwIfAborted()
      const film = isPost ? filmIn(await request.clone().text()) : undefined
      const turn = `${request.method} ${pathname} ${film ?? ""}`
      turns.set(turn, (turns.get(turn) ?? 0) + 1)
      const draw = dice(plan.seed, plan.first, "request", turn, turns.get(turn) ?? 0)
      const isCalm = life.calm || plan.isQuiet === true
      const fault = isCalm ? "none" : faultOf(draw)
      const storm = isCalm ? undefined : stormAt(begun)
      life.hit(isPost ? "post begun" : "poll begun")
      if (fault === "refused" || storm?.kind === "down") {
        count(log, storm === undefined ? "transport: refused" : "storm: down")
        await travel(draw.between(1, 300))
        throw refused()
      }
      if (storm?.kind === "429") {
        count(log, "storm: 429")
        await travel(draw.between(1, 300))
        done()
        const headers = storm.retryAfter === undefined ? {} : { "retry-after": String(storm.retryAfter) }
        return new Response(JSON.stringify({ error: { message: "Too many requests" } }), { status: 429, headers })
      }
      await travel(draw.between(1, 300))
      if (fault === "reset") {
        count(log, "transport: lost before it arrived")
        throw reset()
      }
      request.headers.set(stamp, `${begun} ${film ?? ""} ${life.name}`)
      // A simulated network can show the faults that need a socket.
      const { answer: said, cut: torn } = await mock.deliver(request, "socket")
      const answer = await Mock.respond({ answer: said }, request)
      const bytes = elsewhere(new Uint8Array(await answer.arrayBuffer()), answer.headers.get("content-type"))
      if (isPost) life.hit("post arrived")
      if (fault === "silence") {
        count(log, "transport: never answered")
        await travel(100_000_000)
      }
      // A POST that takes longer than an interruption waits for it.
      const isSlow = !isCalm && draw.chance(isPost ? 0.08 : 0.03)
      if (isSlow) count(log, "transport: slow")
      await travel(isSlow ? draw.between(5000, 15_000) : draw.between(1, 300))
      if (fault === "answer lost") {
        count(log, isPost ? "transport: answer to a POST lost" : "transport: answer lost")
        throw reset()
      }
      if (torn !== undefined && torn.at !== "end") {
        count(log, `mock: ${torn.by} in the ${torn.at}`)
        if (torn.by === "stall" && torn.at !== "body") await travel(100_000_000)
        if (torn.at !== "body") throw reset()
      }
      if (isPost) life.hit("post answered")
      cut.throwIfAborted()
      const { headers, status } = answer
      const isVideo = headers.get("content-type") === "video/mp4" && bytes.byteLength > 0
      if (isVideo && status === 200) videos.set(pathname, (videos.get(pathname) ?? new Set()).add(sha256(bytes)))
      if (torn?.at === "body") return new Response(dripping(life, bytes, draw, cut, done, torn), { status, headers })
      if (isVideo) return new Response(dripping(life, bytes, draw, cut, done), { status, headers })
      done()
      return new Response(bytes.byteLength === 0 ? null : bytes, { status, headers })
    } finally {
      idle()
    }
  }

  /** A body that comes in pieces, and may break off: if the mock wants that, otherwise by chance. */
  const dripping = (
    life: Life,
    whole: Uint8Array,
    draw: Dice,
    cut: AbortSignal,
    done: () => void,
    torn?: Mock.Cut
  ): ReadableStream<Uint8Array> => {
    const bytes = torn === undefined ? whole : whole.slice(0, torn.byte)
    const pieces = draw.between(1, 4)
    const size = Math.max(1, Math.ceil(bytes.byteLength / pieces))
    const last = !life.calm && plan.isQuiet !== true && draw.chance(0.25) ? draw.between(0, pieces - 1) : undefined
    let piece = 0
    return new ReadableStream<Uint8Array>(
      {
        // As with a real one: aborting between two pieces ends it too.
        start: (controller) => {
          const end = (): void => {
            done()
            controller.error(cut.reason)
          }
          cut.addEventListener("abort", end, { once: true })
        },
        pull: async (controller) => {
          try {
            await world.delay(draw.between(1, 400), cut)
            if (torn?.by === "stall" && piece * size >= bytes.byteLength) await world.delay(100_000_000, cut)
            const idle = world.busy()
            try {
              life.hit("chunk come")
              cut.throwIfAborted()
              if (piece === last) {
                count(log, "transport: download cut")
                throw reset()
              }
              if (torn !== undefined && piece * size >= bytes.byteLength) throw reset()
              controller.enqueue(bytes.slice(piece * size, (piece + 1) * size))
              piece += 1
              if (torn !== undefined || piece * size < bytes.byteLength) return
              done()
              controller.close()
            } finally {
              idle()
            }
          } catch (error) {
            done()
            controller.error(error)
          }
        },
        cancel: done
      },
      { highWaterMark: 0 }
    )
  }

  return { fetchOf, open: () => open.size, videos }
}

/** Videos are at another host than the API, as with all four providers: it must not get the key. */
const elsewhere = (bytes: Uint8Array<ArrayBuffer>, type: string | null): Uint8Array<ArrayBuffer> => {
  // By its type: a part of a video may begin with a brace, too.
  if (type?.startsWith("application/json") !== true) return bytes
  const text = new TextDecoder().decode(bytes)
  return new TextEncoder().encode(text.replaceAll("http://mock.test/files/", "http://files.test/files/"))
}

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex")
