/** Readings and observations of few values, so that neighbours interact; terminal ones come last. */
import type { Reading } from "@reelay/core"
import * as fc from "fast-check"

const position = fc.constantFrom(undefined, 0, 1)
const progress = fc.constantFrom(undefined, 0, 0.25, 0.5, 1)
const billed = fc.constantFrom<Reading.Billed>("yes", "no", "unknown")
const cost = fc.constantFrom<Reading.Cost>({}, { costUsd: 0.3, costSource: "upstream" }, { costUsd: 0, costSource: "provider" })

/** Each reading that ends a job has the cost. */
const costing = <Ending extends Extract<Reading.Reading, Reading.Cost>>(paid: Reading.Cost, end: Ending): Ending => ({ ...end, ...paid })

const stamped = (seen: Reading.Reading, index: number): Reading.Observation => ({ ...seen, at: (index + 1) * 1000, poll: index + 1 })

const queued: fc.Arbitrary<Reading.Reading> = position.map((at) => ({ _tag: "Queued", position: at }))
const running: fc.Arbitrary<Reading.Reading> = fc
  .tuple(progress, fc.constantFrom("reported" as const, "estimated" as const))
  .map(([fraction, progressSource]) => ({ _tag: "Running", progress: fraction, progressSource }))

/**
 * A reading that never moves a job.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const silent: fc.Arbitrary<Reading.Silent> = fc.constantFrom<Reading.Silent>(
  { _tag: "Unrecognised", word: "warming_up" },
  { _tag: "Missed", because: "server", detail: "HTTP 503" },
  { _tag: "Missed", because: "network", detail: "ECONNRESET" },
  { _tag: "NotFound", detail: "HTTP 404" },
  { _tag: "Refused", reason: "PollRejected", status: 400, message: "no" }
)

/**
 * A success, with or without artifacts.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const succeeded: fc.Arbitrary<Reading.Succeeded> = fc
  .tuple(
    cost,
    fc.constantFrom<ReadonlyArray<Reading.Artifact>>(
      [{ url: "https://cdn.test/a.mp4", kind: "link" }],
      [],
      [
        { url: "https://cdn.test/b.mp4?signature=1", kind: "link" },
        { url: "/v1/videos/a/content", kind: "content" }
      ]
    )
  )
  .map(([paid, artifacts]) => costing(paid, { _tag: "Succeeded", artifacts }))

/**
 * A reading that ends a job.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const ending: fc.Arbitrary<Reading.Reading> = fc.oneof(
  { weight: 3, arbitrary: succeeded },
  fc
    .tuple(cost, billed, fc.boolean())
    .map(([paid, charged, moderated]) =>
      costing(paid, { _tag: "Failed", failure: { origin: "provider", message: "no", moderated }, billed: charged })
    ),
  fc.tuple(cost, billed).map(([paid, charged]) => costing(paid, { _tag: "Expired", billed: charged })),
  fc
    .tuple(cost, billed, fc.constantFrom("caller" as const, "provider" as const))
    .map(([paid, charged, by]) => costing(paid, { _tag: "Cancelled", by, billed: charged }))
)

/**
 * Any reading.
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const reading: fc.Arbitrary<Reading.Reading> = fc.oneof(
  { weight: 2, arbitrary: queued },
  { weight: 3, arbitrary: running },
  silent,
  ending
)

/**
 * A job's life as the engine sees it: up to 30 readings of a running job, then up to 3 of any kind; stamped in order, one per second.
 *
 * Readings drawn evenly from all kinds end after one or two, which would hardly test the laws (1.3 state changes per run).
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const observations: fc.Arbitrary<ReadonlyArray<Reading.Observation>> = fc
  .tuple(
    fc.array(fc.oneof({ weight: 2, arbitrary: queued }, { weight: 5, arbitrary: running }, silent), { maxLength: 30, size: "max" }),
    fc.array(reading, { maxLength: 3, size: "max" })
  )
  .map(([middle, end]) => [...middle, ...end].map(stamped))
