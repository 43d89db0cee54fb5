/** The payload of a Grok video job, as xAI sends it and CometAPI forwards it. */
import { Dialect, type Reading } from "@reelay/core"
import * as Schema from "effect/Schema"
import { failed, succeeded } from "./parts.ts"

/** The fields that are read. Nothing here can make a payload unreadable. */
export const fields = {
  status: Dialect.lenient(Schema.String),
  model: Dialect.lenient(Schema.NonEmptyString),
  progress: Dialect.lenient(Schema.Unknown),
  video: Dialect.lenient(
    Schema.Struct({
      url: Dialect.lenient(Schema.String),
      duration: Dialect.lenient(Schema.Unknown),
      respect_moderation: Dialect.lenient(Schema.Boolean),
      file_output: Dialect.lenient(Schema.Struct({ public_url: Dialect.lenient(Schema.String) }))
    })
  ),
  usage: Dialect.lenient(Schema.Struct({ cost_in_usd_ticks: Dialect.lenient(Schema.Unknown) })),
  error: Dialect.lenient(Schema.Unknown)
}

const Payload = Schema.Struct(fields)
export type Payload = typeof Payload.Type

/** "One US dollar equals 10,000,000,000 ticks." */
const ticksPerDollar = 10_000_000_000

/**
 * The cost that a payload reports. Through a gateway it is what the upstream charged: a cost means that the job was billed, though the
 * gateway's own price may differ; no cost does not mean that the gateway charges nothing.
 */
const costOf = (
  { usage }: { readonly usage?: { readonly cost_in_usd_ticks?: unknown } },
  source: "provider" | "upstream"
): Reading.Cost & { readonly billed: Reading.Billed } => {
  const ticks = Dialect.numeric(usage?.cost_in_usd_ticks)
  if (ticks === undefined || ticks < 0) return { billed: "unknown" }
  const billed = ticks > 0 ? "yes" : source === "provider" ? "no" : "unknown"
  return { costUsd: ticks / ticksPerDollar, costSource: source, billed }
}

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
    succeeded: (payload) => {
      const { model, video } = payload
      const { billed, ...cost } = costOf(payload, source)
      // "Otherwise the field will be false and the video url field will be empty."
      if (video?.respect_moderation === false) {
        return failed(payload.error, { ...cost, billed, moderated: true, message: "The video was rejected by content moderation." })
      }
      const artifacts = Dialect.links(video?.url, video?.file_output?.public_url)
      return succeeded({ artifacts, durationSeconds: Dialect.positive(video?.duration), model, ...cost })
    },
    failed: (payload) => {
      const moderated = payload.video?.respect_moderation === false ? { moderated: true } : {}
      return failed(payload.error, { ...costOf(payload, source), ...moderated })
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
