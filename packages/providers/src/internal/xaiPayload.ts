/** The payload of a Grok video job, as xAI sends it and CometAPI forwards it. */
import { Dialect, type Reading } from "@reelay/core"
import * as Schema from "effect/Schema"
import { costOf, failed, finished, pricedAs, usage } from "./parts.ts"

/** The fields that are read. Nothing here can make a payload unreadable. */
export const fields = {
  status: Dialect.lenient(Schema.String),
  model: Dialect.lenient(Schema.NonEmptyString),
  progress: Dialect.lenient(Schema.Unknown),
  video: Dialect.lenient(
    Schema.Struct({
      duration: Dialect.lenient(Schema.Unknown),
      respect_moderation: Dialect.lenient(Schema.Boolean)
    })
  ),
  usage
}

export const Payload = Schema.Struct(fields)
export type Payload = typeof Payload.Type

/** The documented places of a link. */
const places = ["video.url", "video.file_output.public_url"]

/** Readers for payloads that come from xAI itself (`provider`) or through a gateway (`upstream`). */
export const readers = (source: "provider" | "upstream"): Dialect.Readers<Payload> => {
  const running = ({ progress }: Payload): Reading.Running => ({
    _tag: "Running",
    progress: Dialect.fraction(progress),
    progressSource: "reported"
  })
  return {
    // xAI has one status for waiting and running jobs; progress tells them apart.
    queued: (payload) => ((Dialect.fraction(payload.progress) ?? 0) > 0 ? running(payload) : { _tag: "Queued" }),
    running,
    succeeded: (payload, json) => {
      const { model, video } = payload
      // "Otherwise the field will be false and the video url field will be empty."
      if (video?.respect_moderation === false) {
        return failed(json, { ...costOf(payload, source), moderated: true, message: "The video was rejected by content moderation." })
      }
      return finished(json, places, { durationSeconds: Dialect.positive(video?.duration), model, ...pricedAs(payload, source) })
    },
    failed: (payload, json) => {
      const respects = payload.video?.respect_moderation
      return failed(json, { ...costOf(payload, source), ...(respects === undefined ? {} : { moderated: !respects }) })
    },
    expired: (payload) => ({ _tag: "Expired", ...costOf(payload, source) }),
    cancelled: (payload) => ({ _tag: "Cancelled", by: "provider", ...costOf(payload, source) })
  }
}

/** `usage` beside a code and a text: the body of a moderation sent as an HTTP error. */
const refusalOf = Schema.decodeUnknownOption(Schema.Struct({ usage: fields.usage }))

/** Moderation of the finished video as a 400 on the poll. */
export const moderationRows = (source: "provider" | "upstream"): ReadonlyArray<Dialect.Row<Reading.Reading>> => {
  const moderated = ({ json }: Dialect.Seen): Reading.Failed => {
    const body = refusalOf(json)
    return failed(json, { ...(body._tag === "Some" ? costOf(body.value, source) : {}), moderated: true })
  }
  return [
    // The source says that it is billed.
    { status: 400, code: "imagine:content-moderated", source: "vercel/ai#17887", read: moderated },
    // The same under its first code, which other refusals share.
    {
      status: 400,
      code: "Client specified an invalid argument",
      source: "vercel/ai#13390",
      read: (seen) => (Dialect.speaksOfModeration(seen.error.message) ? moderated(seen) : undefined)
    }
  ]
}
