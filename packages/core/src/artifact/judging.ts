/** The beginning of a body, kept back until its bytes show what it is. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Artifact } from "../job/Reading.ts"
import { linksIn } from "../provider/links.ts"
import type { Found } from "./download.ts"
import { type Container, mediaOf } from "./media.ts"
import { type Miss, miss, missOf } from "./miss.ts"
import { saidIn } from "./words.ts"

/** A text is read this far, in bytes, for its words and its link. */
const longestText = 256 * 1024

export interface Judging {
  /** Takes the next bytes, and gives all that came so far once they are known to be a video. Without a chunk: there are no more. */
  readonly take: (chunk?: Uint8Array) => Effect.Effect<Uint8Array | undefined, Miss>
  /** Whether nothing is kept back any more. */
  readonly isOver: () => boolean
  /** Absent if the bytes are in no known container. */
  readonly container: () => Container | undefined
}

export const judging = (found: Found): Judging => {
  const { place, plain, type } = found
  let held = new Uint8Array()
  let isOver = false
  let container: Container | undefined
  const released = (as?: Container): Effect.Effect<Uint8Array> => {
    isOver = true
    container = as
    return Effect.succeed(held)
  }
  return {
    take: (chunk) => {
      if (chunk !== undefined) {
        const more = new Uint8Array(held.byteLength + chunk.byteLength)
        more.set(held)
        more.set(chunk, held.byteLength)
        held = more
      }
      const isEnd = chunk === undefined
      if (isEnd && held.byteLength === 0) return miss("again", "the answer is empty")
      const media = mediaOf(held, isEnd)
      switch (media?._tag) {
        case undefined:
          return Effect.succeed(undefined)
        case "Video":
          return released(media.container)
        case "Other":
          return miss("never", `${place} answered with ${media.what}, which isn't a video`)
        case "Text":
          return isEnd || held.byteLength >= longestText ? Effect.fail(saying(found, textOf(held))) : Effect.succeed(undefined)
        case "Unknown":
          if (!plain) return miss("never", "the answer is compressed, though it was requested uncompressed")
          if (mayBeVideo(type)) return released()
          return miss("never", `${place} answered with ${type}, and its bytes are those of no known video format`)
      }
    },
    isOver: () => isOver,
    container: () => container
  }
}

/** A body that has shown itself a video, and what it is. */
export interface Judged {
  readonly part: Found["part"]
  readonly container: Container | undefined
  /** From its first byte on. Leaving the stream aborts the request. */
  readonly bytes: Found["bytes"]
}

/** Reads the beginning of a body until it shows that it is a video. */
export const judged = (found: Found): Effect.Effect<Judged, Miss> =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const close = Scope.close(scope, Exit.void)
    const pull = yield* Scope.provide(Stream.toPull(found.bytes), scope)
    const judge = judging(found)
    const beginning = Effect.gen(function* () {
      for (;;) {
        const chunks = yield* Pull.catchDone(pull, () => Effect.undefined)
        if (chunks === undefined) return { first: yield* judge.take(), rest: [], isEnd: true }
        for (const [index, chunk] of chunks.entries()) {
          const first = yield* judge.take(chunk)
          if (first !== undefined) return { first, rest: chunks.slice(index + 1), isEnd: false }
        }
      }
    })
    const { first, isEnd, rest } = yield* Effect.onExit(beginning, (exit) => (Exit.isSuccess(exit) ? Effect.void : close))
    const begun = Stream.fromIterable([...(first === undefined ? [] : [first]), ...rest])
    const bytes = isEnd ? begun : Stream.concat(begun, Stream.fromPull(Effect.succeed(pull)))
    return { part: found.part, container: judge.container(), bytes: Stream.ensuring(bytes, close) }
  })

/** Whether a type leaves open that bytes of an unknown kind are a video: a paid one is not thrown away for a rare container. */
const mayBeVideo = (type: string | undefined): boolean =>
  type === undefined || type === "" || /^video\/|octet-stream$|mp4$|download$/u.test(type)

/** What a text in place of a video means. JSON may name the place of the file (T37). */
const saying = ({ place, retryAfter, url }: Pick<Found, "place" | "retryAfter" | "url">, text: string): Miss => {
  const { isNotReady, json, what, words } = saidIn(text)
  const detail = `${place} answered with ${what}, which isn't a video${words === "" ? "" : `: "${words}"`}`
  return { ...missOf(isNotReady ? "later" : "never", detail), retryAfter, link: linkIn(json, url) }
}

/** UTF-8, or UTF-16 by its mark. */
const textOf = (bytes: Uint8Array): string =>
  new TextDecoder(bytes[0] === 0xff ? "utf-16le" : bytes[0] === 0xfe ? "utf-16be" : "utf-8").decode(bytes)

/** The link that JSON names; a relative one is resolved from the URL of the JSON. */
const linkIn = (json: unknown, from: string): Artifact | undefined => {
  const [first] = linksIn(json).artifacts
  return first !== undefined && URL.canParse(first.url, from) ? { ...first, url: new URL(first.url, from).href } : undefined
}
