import { describe, expectTypeOf, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { expect } from "../../test/expect.ts"
import { cancelled, expired, failed, ref } from "../../test/samples.ts"
import * as JobError from "./JobError.ts"
import * as JobErrorSchema from "./JobErrorSchema.ts"

const Text = Schema.fromJsonString(JobErrorSchema.ResultError)
const toText = Schema.encodeSync(Text)
const fromText = Schema.decodeUnknownSync(Text)
const decoded = Schema.decodeUnknownResult(JobErrorSchema.JobError)

/** An error without its methods: what it carries. */
const fieldsOf = (error: object): Record<string, unknown> => Object.fromEntries(Object.entries(error))

/** Any text, those that JSON has to escape among them. */
const text = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("", "\ud800", '"\\\u0000\u2028', "__proto__", "<html>502 Bad Gateway…")
)
// JSON has one zero.
const number = fc
  .oneof(fc.double(), fc.integer(), fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY))
  .map((each) => (each === 0 ? 0 : each))
const kind = fc.constantFrom("generation" as const, "edit" as const, "extension" as const)
const detail = fc.record({ detail: text })
const rejected = fc.record({ status: number, detail: text, code: text }, { requiredKeys: ["status", "detail"] })
const sent = fc.record(
  { kind, at: number, baseUrl: text, account: text, requestId: text },
  { requiredKeys: ["kind", "at", "baseUrl", "account"], noNullPrototype: true }
)
const lastState = fc.constantFrom(
  "Submitted" as const,
  "Queued" as const,
  "Running" as const,
  "Succeeded" as const,
  "Failed" as const,
  "Expired" as const,
  "Cancelled" as const
)

/** Every reason: one that is added without an arbitrary does not compile. */
const reasons: { readonly [Tag in JobError.Reason["_tag"]]: fc.Arbitrary<Extract<JobError.Reason, { readonly _tag: Tag }>> } = {
  InvalidRequest: fc.record({ field: text, rule: text }).map((args) => new JobError.InvalidRequest(args)),
  Unauthorized: detail.map((args) => new JobError.Unauthorized(args)),
  PaymentRequired: detail.map((args) => new JobError.PaymentRequired(args)),
  SubmitRejected: rejected.map((args) => new JobError.SubmitRejected(args)),
  SubmitUnknown: fc.record({ detail: text, sent }, { requiredKeys: ["detail"] }).map((args) => new JobError.SubmitUnknown(args)),
  RateLimited: detail.map((args) => new JobError.RateLimited(args)),
  Unreachable: detail.map((args) => new JobError.Unreachable(args)),
  PollRejected: rejected.map((args) => new JobError.PollRejected(args)),
  BadPayload: fc.record({ expected: text, excerpt: text }).map((args) => new JobError.BadPayload(args)),
  NotFound: detail.map((args) => new JobError.NotFound(args)),
  DeadlineExceeded: fc
    .record({ deadline: number, lastState, detail: text }, { requiredKeys: ["deadline", "lastState"] })
    .map((args) => new JobError.DeadlineExceeded(args)),
  DownloadFailed: detail.map((args) => new JobError.DownloadFailed(args)),
  ArtifactTooLarge: fc.record({ limitBytes: number }).map((args) => new JobError.ArtifactTooLarge(args)),
  ForbiddenAddress: fc.record({ address: text, rule: text }).map((args) => new JobError.ForbiddenAddress(args)),
  JournalFailed: detail.map((args) => new JobError.JournalFailed(args))
}
const reason: fc.Arbitrary<JobError.Reason> = fc.oneof(...Object.values(reasons))
// A message names the reference as a URI, which can't carry half a character.
const name = fc.string({ unit: "grapheme" })
const anyRef = fc.record(
  { provider: name, kind, id: name, baseUrl: name, account: name, submittedAt: number },
  { requiredKeys: ["provider", "kind", "id", "baseUrl", "submittedAt"], noNullPrototype: true }
)
const error = fc
  .record(
    {
      reason,
      provider: text,
      operation: fc.constantFrom<JobError.Operation>("submit", "attach", "poll", "download", "cancel"),
      attempt: number,
      ref: anyRef
    },
    { requiredKeys: ["reason", "provider", "operation", "attempt"] }
  )
  .map((args) => new JobError.JobError(args))

const rejection = new JobError.JobError({
  provider: "fake",
  operation: "submit",
  attempt: 1,
  reason: new JobError.SubmitRejected({ status: 400, detail: "no" })
})

const written = Schema.encodeSync(JobErrorSchema.JobError)(rejection)

describe("JobErrorSchema", () => {
  it("has a schema for every reason, and they say the same as the classes", () => {
    expectTypeOf<keyof typeof JobErrorSchema.reasons>().toEqualTypeOf<JobError.Reason["_tag"]>()
    expectTypeOf<{ [Tag in keyof typeof JobErrorSchema.reasons]: (typeof JobErrorSchema.reasons)[Tag]["Type"] }>().toEqualTypeOf<{
      [Tag in JobError.Reason["_tag"]]: Extract<JobError.Reason, { readonly _tag: Tag }>
    }>()
    expectTypeOf<typeof JobErrorSchema.Reason.Type>().toEqualTypeOf<JobError.Reason>()
    expectTypeOf<typeof JobErrorSchema.JobError.Type>().toEqualTypeOf<JobError.JobError>()
    expectTypeOf<typeof JobErrorSchema.Sent.Type>().branded.toEqualTypeOf<JobError.Sent>()
    expectTypeOf<typeof JobErrorSchema.ResultError.Type>().toEqualTypeOf<
      JobError.JobError | JobError.JobFailed | JobError.JobExpired | JobError.JobCancelled
    >()
    expectTypeOf<(typeof JobErrorSchema.reasons)["SubmitRejected"]["Encoded"]["_tag"]>().toEqualTypeOf<"SubmitRejected">()
    expect(Object.keys(JobErrorSchema.reasons).toSorted()).toEqual(Object.keys(reasons).toSorted())
  })

  it("any error comes back from text as it was: its class, its reason and its class, its words", () => {
    fc.assert(
      fc.property(error, (given) => {
        const back = fromText(toText(given))
        expect(back).toBeInstanceOf(JobError.JobError)
        if (back._tag !== "JobError") return
        expect(back.reason.constructor).toBe(given.reason.constructor)
        expect(fieldsOf(back.reason)).toStrictEqual(fieldsOf(given.reason))
        expect({ ...fieldsOf(back), reason: undefined }).toStrictEqual({ ...fieldsOf(given), reason: undefined })
        expect([back.reason._tag, back.message, back.again]).toEqual([given.reason._tag, given.message, given.again])
        expect(toText(back)).toBe(toText(given))
      }),
      { numRuns: 2000 }
    )
  })

  it.each(Object.entries(reasons))("%s comes back as its own class, alone too", (tag, arbitrary) => {
    const ReasonText = Schema.fromJsonString(JobErrorSchema.Reason)
    fc.assert(
      fc.property(arbitrary, (given: JobError.Reason) => {
        const back = Schema.decodeUnknownSync(ReasonText)(Schema.encodeSync(ReasonText)(given))
        expect([back._tag, back.constructor, fieldsOf(back)]).toStrictEqual([tag, given.constructor, fieldsOf(given)])
      })
    )
  })

  it.each([
    new JobError.JobFailed({ state: { ...failed, raw: { status: "failed" } } }),
    new JobError.JobExpired({ state: expired }),
    new JobError.JobCancelled({ state: cancelled })
  ])("$_tag comes back with its state", (given) => {
    const back = fromText(toText(given))
    expect([back.constructor, back.message, fieldsOf(back)]).toStrictEqual([given.constructor, given.message, fieldsOf(given)])
  })

  it("what is written is plain: tags and fields, without a stack, and without what is absent", () => {
    const unset = new JobError.JobError({
      provider: "fake",
      operation: "submit",
      attempt: 1,
      reason: new JobError.SubmitRejected({ status: 400, code: undefined, detail: "no" }),
      ref: undefined
    })
    expect(Schema.encodeSync(JobErrorSchema.JobError)(unset)).toStrictEqual({
      _tag: "JobError",
      provider: "fake",
      operation: "submit",
      attempt: 1,
      reason: { _tag: "SubmitRejected", status: 400, detail: "no" }
    })
  })

  it("what a strict reader writes and reads is the same", () => {
    const strict = { onExcessProperty: "error" } as const
    const strictly = Schema.encodeUnknownSync(JobErrorSchema.JobError, strict)(rejection)
    expect(Schema.decodeUnknownSync(JobErrorSchema.JobError, strict)(strictly)).toEqual(rejection)
  })

  it("fields of a later version are ignored", () => {
    const later = { ...written, region: "eu", ref: { ...ref, shard: 7 } }
    const back = Schema.decodeUnknownSync(JobErrorSchema.JobError)({ ...later, reason: { ...later.reason, hint: "shorter" } })
    expect([fieldsOf(back.reason), back.ref, Object.keys(back)]).toEqual([
      fieldsOf(rejection.reason),
      ref,
      expect.not.arrayContaining(["region"])
    ])
  })

  it.each([
    ["one of a later version", "Throttled"],
    ["what every object has", "constructor"],
    ["a long one", "x".repeat(5000)]
  ])("a reason that nobody knows is refused by its name: %s", (_, tag) => {
    const read = decoded({ ...written, reason: { _tag: tag, detail: "" } })
    const said = read._tag === "Failure" ? String(read.failure) : ""
    expect(said).toContain(`"${tag.slice(0, 400)}`)
    expect(said).toMatch(
      /is a reason that this Reelay does not know: use the one that wrote it, or a newer one\s+at \["reason"\]\["_tag"\]/u
    )
    expect(said.length).toBeLessThan(700)
  })

  it("garbage fails, typed, and never throws", () => {
    const at = fc.constantFrom("_tag", "provider", "operation", "attempt", "reason")
    const broken = fc
      .tuple(at, fc.constantFrom<unknown>(undefined, null, {}, [], "", false))
      .filter(([field, value]) => !(field === "provider" && value === ""))
    fc.assert(
      fc.property(
        fc.oneof(
          fc.anything(),
          broken.map(([field, value]) => Object.assign({}, written, { [field]: value }))
        ),
        (given) => {
          expect(decoded(given)._tag).toBe("Failure")
        }
      )
    )
    fc.assert(
      fc.property(fc.string(), (given) => {
        expect(Schema.decodeUnknownResult(Text)(given)._tag).toBe("Failure")
      })
    )
  })

  it.effect("fails in the error channel, so that a reader can go on", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(Schema.decodeUnknownEffect(Text)('{"_tag":"JobError"'))
      expect(failure._tag).toBe("SchemaError")
    })
  )

  it("nothing is written but what the error says: no key or signature that its fields do not have", () => {
    const secret = "sig=4f2a9c"
    const cause = Object.assign(new Error(`GET https://cdn.fake.test/a.mp4?${secret}`), { apiKey: "sk-super-secret" })
    const given = Object.assign(
      new JobError.JobError({
        provider: "fake",
        operation: "download",
        attempt: 4,
        ref,
        reason: Object.assign(new JobError.DownloadFailed({ detail: "https://cdn.fake.test/a.mp4 answered with HTTP 500" }), { cause })
      }),
      { cause, request: cause.message }
    )
    expect(toText(given)).not.toMatch(/sig=|sk-super|stack/u)
    expect(toText(given)).toContain("https://cdn.fake.test/a.mp4 answered with HTTP 500")
  })
})
