/** Every operator that people put around a job, by marbles. Letters are states: s submitted, q queued, r and t running, d done. */
import type { JobState } from "@reelay/core/promise"
import { combineLatest, from, map, repeat, retry, shareReplay, switchMap, takeUntil, takeWhile, timeout, timer } from "rxjs"
import { TestScheduler } from "rxjs/testing"
import { describe, expect, it } from "vitest"
import { fakeJob } from "./fakeJob.ts"

const { ref } = fakeJob()
const at = (polls: number) => ({ ref, at: polls, polls })
const states = {
  s: { ...at(0), _tag: "Submitted" },
  q: { ...at(1), _tag: "Queued" },
  r: { ...at(2), _tag: "Running", progress: 0.4, progressSource: "reported" },
  t: { ...at(3), _tag: "Running", progress: 0.8, progressSource: "reported" },
  d: { ...at(4), _tag: "Succeeded", artifacts: [{ url: "https://cdn.fake.test/1.mp4", kind: "link" }], billed: "yes" },
  f: { ...at(4), _tag: "Failed", failure: { origin: "provider", message: "no", moderated: false }, billed: "no" }
} as const satisfies Record<string, JobState>

const marbles = (play: Parameters<TestScheduler["run"]>[0]): void => {
  new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run(play)
}

/** A job that goes as a diagram says. Its own first state is there at once. */
const going = ({ hot }: { readonly hot: typeof TestScheduler.prototype.createHotObservable }, diagram: string, error?: unknown) => {
  const job = fakeJob({ ref })
  hot<JobState>(diagram, states, error).subscribe(job)
  return job
}

const letter = map(({ _tag }: JobState) => _tag.charAt(0).toLowerCase())

describe("a job in RxJS, by marbles", () => {
  it("emits its state at once, each change, and completes with the terminal state", () =>
    marbles((world) => {
      const job = going(world, "--q-r--d")
      world.expectObservable(from(job).pipe(letter)).toBe("s-q-r--(s|)")
      world.expectObservable(timer(5).pipe(switchMap(() => from(job)))).toBe("-----r-(d|)", states)
      world.flush()
      expect(job.listeners()).toBe(0)
    }))

  it("a failed job is a state, and then the end; a lost one is an error", () =>
    marbles((world) => {
      const jobs = [going(world, "--r-f"), going(world, "--r-#")] as const
      world.expectObservable(from(jobs[0])).toBe("s-r-(f|)", states)
      world.expectObservable(from(jobs[1]).pipe(letter)).toBe("s-r-#")
      world.flush()
      expect(jobs.map((job) => job.unhandled)).toEqual([[], []])
    }))

  it("takeUntil leaves it, and it goes on", () =>
    marbles((world) => {
      const job = going(world, "--q-r--d")
      world.expectObservable(from(job).pipe(takeUntil(world.cold("---x")))).toBe("s-q|", states)
      world.flush()
      expect([job.listeners(), job.current()._tag]).toEqual([0, "Succeeded"])
    }))

  it("switchMap leaves the first job for the second", () =>
    marbles((world) => {
      const jobs = { a: going(world, "--r-----d"), b: going(world, "-q----t--d") }
      world.expectObservable(world.cold("a---b", jobs).pipe(switchMap((job) => from(job)))).toBe("s-r-q-t--d", states)
      world.flush()
      expect([jobs.a.listeners(), jobs.b.listeners()]).toEqual([0, 0])
    }))

  it("shareReplay with refCount listens once for all, and leaves with the last", () =>
    marbles((world) => {
      const job = going(world, "--q---r---d")
      const shared = from(job).pipe(shareReplay({ bufferSize: 1, refCount: true }))
      world.expectObservable(shared, "^----!").toBe("s-q--", states)
      world.expectObservable(shared, "---^----!").toBe("---q--r--", states)
      world.cold("----x").subscribe(() => expect(job.listeners()).toBe(1))
      world.cold("---------x").subscribe(() => expect(job.listeners()).toBe(0))
    }))

  it("combineLatest shows two jobs side by side", () =>
    marbles((world) => {
      const jobs = [going(world, "--r--d"), going(world, "---r----d")]
      const both = combineLatest(jobs.map((job) => from(job).pipe(letter)))
      world.expectObservable(both.pipe(map((all) => all.join("")))).toBe("a-bc-d--(e|)", { a: "ss", b: "rs", c: "rr", d: "sr", e: "ss" })
      world.flush()
      expect(jobs.map((job) => job.listeners())).toEqual([0, 0])
    }))

  it("retry listens again to a job that was lost, from where it is", () =>
    marbles((world) => {
      const job = fakeJob({ ref })
      world.cold("--r-x----d", { ...states, x: undefined }).subscribe((state) => (state === undefined ? job.lost() : job.next(state)))
      world.expectObservable(from(job).pipe(retry({ count: 1, delay: 2 }))).toBe("s-r---r--(d|)", states)
      world.flush()
      expect(job.listeners()).toBe(0)
    }))

  it("repeat after the end gives the end again, and asks for nothing", () =>
    marbles((world) => {
      const job = going(world, "--d")
      world.expectObservable(from(job).pipe(repeat({ count: 3, delay: 2 }))).toBe("s-d-d-(d|)", states)
      world.flush()
      expect(job.listeners()).toBe(0)
    }))

  it("timeout between two states errors, and leaves the job to itself", () =>
    marbles((world) => {
      const job = going(world, "--r-----d")
      world.expectObservable(from(job).pipe(timeout({ each: 4, with: () => from(["slow"]) }))).toBe("s-r---(x|)", { ...states, x: "slow" })
      world.flush()
      expect([job.listeners(), job.current()._tag]).toEqual([0, "Succeeded"])
    }))

  it("takeWhile with the value that ends it shows one progress bar", () =>
    marbles((world) => {
      const job = going(world, "-q-r-t-d")
      const shown = from(job).pipe(
        takeWhile((state) => state._tag !== "Succeeded"),
        map((state) => (state._tag === "Running" ? (state.progress ?? 0) : 0))
      )
      world.expectObservable(shown).toBe("ab-c-d-|", { a: 0, b: 0, c: 0.4, d: 0.8 })
      world.flush()
      expect(job.listeners()).toBe(0)
    }))
})
