/** One row of `reelay_job`: how it is read, and that a row which can't be read is left alone. */
import { JobErrorSchema, JobStateSchema, PollerSchema } from "@reelay/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { rowVersion } from "../database/schema.ts"

const Saved = Schema.Struct({ location: Schema.String, bytes: Schema.Finite, sha256: Schema.String })

/** Who was asked, so that a person can find what was sent. */
const Intent = Schema.Struct({
  kind: JobStateSchema.JobRef.fields.kind,
  at: Schema.Finite,
  baseUrl: Schema.String,
  account: Schema.String
})

const json = <A, I>(schema: Schema.Codec<A, I>) => Schema.fromJsonString(Schema.toCodecJson(schema))

const codecs = {
  request: json(Schema.Unknown),
  intent: json(Intent),
  ref: json(JobStateSchema.JobRef),
  poller: json(PollerSchema.Poller),
  error: json(JobErrorSchema.JobError),
  saved: json(Saved),
  history: json(Schema.Array(Schema.Struct({ state: Schema.String, at: Schema.Finite })))
}

/** A nullable JSON column. */
const column = <S extends Schema.Constraint>(schema: S) => Schema.NullOr(schema)

/** PostgreSQL's BIGINT comes as a bigint or a text, by its driver. */
const Count = Schema.Union([Schema.Finite, Schema.BigInt, Schema.FiniteFromString])

const Row = Schema.Struct({
  key: Schema.String,
  step: Count,
  revision: Count,
  batch: Schema.NullOr(Schema.String),
  provider: Schema.String,
  account: Schema.String,
  digest: Schema.String,
  state: Schema.String,
  tries: Count,
  attempt: Schema.NullOr(Schema.String),
  intent_until: Schema.NullOr(Count),
  cancel: Schema.NullOr(Schema.String),
  created: Count,
  updated: Count,
  ended: Schema.NullOr(Count),
  now: Count,
  request: column(codecs.request),
  intent: column(codecs.intent),
  ref: column(codecs.ref),
  poller: column(codecs.poller),
  error: column(codecs.error),
  saved: column(codecs.saved),
  history: codecs.history
})

/** A row that was read. Times are milliseconds by the database's clock. */
export interface Row extends Omit<
  typeof Row.Type,
  "step" | "revision" | "tries" | "intent_until" | "created" | "updated" | "ended" | "now"
> {
  readonly step: number
  readonly revision: number
  readonly tries: number
  readonly intentUntil: number | undefined
  readonly created: number
  readonly updated: number
  readonly ended: number | undefined
  /** When it was read. */
  readonly now: number
}

/** A row that is left alone. */
export interface Unreadable {
  readonly key: string
  readonly provider: string
  readonly batch: string | null
  readonly revision: number
  readonly detail: string
}

const decode = Schema.decodeUnknownEffect(Row)

const textOf = (value: unknown): string => (typeof value === "string" ? value : "")

const unreadable = (raw: Readonly<Record<string, unknown>>, detail: string): Unreadable => ({
  key: textOf(raw["key"]),
  provider: textOf(raw["provider"]),
  batch: typeof raw["batch"] === "string" ? raw["batch"] : null,
  revision: Number(raw["revision"]),
  detail
})

/** Reads what the database has. Total. */
export const read = (raw: Readonly<Record<string, unknown>>): Effect.Effect<Row | Unreadable> => {
  const version = Number(raw["version"])
  if (version > rowVersion) {
    return Effect.succeed(unreadable(raw, `has version ${version}, and this Reelay reads ${rowVersion}: a newer worker must go on with it`))
  }
  return decode(raw).pipe(
    Effect.map(({ created, ended, intent_until, now, revision, step, tries, updated, ...rest }) => ({
      ...rest,
      step: Number(step),
      revision: Number(revision),
      tries: Number(tries),
      intentUntil: intent_until === null ? undefined : Number(intent_until),
      created: Number(created),
      updated: Number(updated),
      ended: ended === null ? undefined : Number(ended),
      now: Number(now)
    })),
    Effect.catch((issue) => Effect.succeed(unreadable(raw, `is damaged: ${String(issue).slice(0, 300)}`)))
  )
}

export const isReadable = (row: Row | Unreadable): row is Row => !("detail" in row)

/** Writes the JSON columns. Every value has been checked by its type: a failure is a defect. */
export const encode = {
  request: (value: unknown): string => JSON.stringify(value),
  intent: Schema.encodeSync(codecs.intent),
  ref: Schema.encodeSync(codecs.ref),
  poller: Schema.encodeSync(codecs.poller),
  error: Schema.encodeSync(codecs.error),
  saved: Schema.encodeSync(codecs.saved),
  history: Schema.encodeSync(codecs.history)
}
