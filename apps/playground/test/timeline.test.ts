import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { advance, begin, endOf, type Event, picture, type Tag } from "../src/model/timeline.ts"

const tags: ReadonlyArray<Tag> = ["Submitted", "Queued", "Running", "Succeeded", "Failed", "Expired", "Cancelled"]
const at = fc.integer({ min: 0, max: 20_000 })
const state = fc.record({ tag: fc.constantFrom(...tags), at }).map((seen): Event => ({ _tag: "State", seen }))
const poll = fc
  .record({
    n: fc.nat(30),
    at,
    isFailed: fc.boolean(),
    answer: fc.constant("200"),
    told: fc.option(fc.constantFrom("Queued" as const, "Running" as const), { nil: undefined }),
    retryAfter: fc.option(fc.nat(5000), { nil: undefined })
  })
  .map((each): Event => ({ _tag: "Poll", poll: each }))
const events = fc.array(fc.oneof(state, poll), { maxLength: 40 })

const of = (all: ReadonlyArray<Event>) => all.reduce(advance, begin(1000))

describe("a timeline", () => {
  it("any events in any order give states in the order of a life, each once, with times that never fall", () => {
    fc.assert(
      fc.property(events, (all) => {
        const { seen } = of(all)
        const ranks = seen.map(({ tag }) => Math.min(3, tags.indexOf(tag)))
        expect(ranks).toStrictEqual([...new Set(ranks)].toSorted((one, other) => one - other))
        for (const [index, each] of seen.entries()) expect(each.at).toBeGreaterThanOrEqual(seen[index - 1]?.at ?? 1000)
      })
    )
  })

  it("an event that comes twice never changes anything", () => {
    fc.assert(
      fc.property(events, (all) => {
        const once = of(all)
        expect(all.reduce(advance, once)).toStrictEqual(once)
      })
    )
  })

  it("polls in any order give the same picture, each poll once", () => {
    fc.assert(
      fc.property(fc.uniqueArray(poll, { selector: (event) => (event._tag === "Poll" ? event.poll.n : 0) }), (all) => {
        const numbers = of(all).polls.map(({ n }) => n)
        expect(of(all.toReversed()).polls.map(({ n }) => n)).toStrictEqual(numbers)
        expect(numbers).toHaveLength(all.length)
      })
    )
  })

  it("segments follow each other without a gap, up to the head, and nothing leaves the track", () => {
    fc.assert(
      fc.property(events, fc.integer({ min: 0, max: 7_300_000 }), (all, now) => {
        const { head, marks, segments, ticks } = picture(of(all), now)
        let edge = 0
        for (const { length, start } of segments) {
          expect(start).toBeGreaterThanOrEqual(edge - 1e-9)
          expect(length).toBeGreaterThanOrEqual(0)
          edge = start + length
        }
        for (const each of [
          head,
          edge,
          ...marks.map(({ start }) => start),
          ...ticks.flatMap((tick) => [tick.start, tick.start + tick.wait])
        ]) {
          expect(each).toBeGreaterThanOrEqual(0)
          expect(each).toBeLessThanOrEqual(1 + 1e-9)
        }
      })
    )
  })

  it("a job that has ended does not grow any more", () => {
    const ended = of([
      { _tag: "State", seen: { tag: "Running", at: 2000 } },
      { _tag: "State", seen: { tag: "Failed", at: 5000 } },
      { _tag: "State", seen: { tag: "Succeeded", at: 6000 } }
    ])
    expect(endOf(ended)).toStrictEqual({ tag: "Failed", at: 5000 })
    expect(picture(ended, 9000)).toStrictEqual(picture(ended, 900_000))
    expect(picture(ended, 9000)).toMatchObject({ elapsed: 4000, scale: 5000, head: 0.8 })
  })

  it("a state that only the mock's journal tells of is drawn from the poll on", () => {
    const { segments } = picture(
      of([
        { _tag: "State", seen: { tag: "Succeeded", at: 6000 } },
        { _tag: "Poll", poll: { n: 1, at: 2000, isFailed: false, answer: "200", told: "Queued" } },
        { _tag: "Poll", poll: { n: 2, at: 3000, isFailed: false, answer: "200", told: "Running" } }
      ]),
      6000
    )
    expect(segments.map(({ millis, tag }) => [tag, millis])).toStrictEqual([
      ["Submitted", 1000],
      ["Queued", 1000],
      ["Running", 3000]
    ])
  })
})
