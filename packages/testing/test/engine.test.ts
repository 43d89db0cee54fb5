import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Arbitraries, engineLaws, Law } from "../src/index.ts"
import { play } from "../src/internal/play.ts"
import { Job } from "@reelay/core"
import { definitions } from "./subjects.ts"

Law.register(
  engineLaws({ providers: definitions }),
  { describe, it },
  {
    title: "laws of the engine"
  }
)

describe("polls keep the pace", () => {
  it("also if the last poll aborts one in flight, and begins when the minimum interval allows, after the deadline", async () => {
    const law = engineLaws({ providers: definitions.filter(({ name }) => name === "xai") }).find(({ id }) => id === "engine/pace")
    for (const seed of [815657, 894847, 974037, 1441258]) await law?.check({ seed })
    await law?.check({ seed: 925783883, path: "2:0:0:3:6" })
    expect(law).toBeDefined()
  })
})

describe("the deadline is passed by at most one poll", () => {
  it("and by another one if that was aborted because the last watcher left in the middle of it", async () => {
    const law = engineLaws({ providers: definitions }).find(({ id }) => id === "engine/deadline")
    await law?.check({ seed: 1_749_437_350, path: "1:0:0:0:0:0:3:3:4" })
    await law?.check({ seed: 641_120_561, path: "1519:0:0:0:3:6:7" })
    expect(law).toBeDefined()
  })
})

describe("the plays", () => {
  it("reach every ending, fault and kind of leaving, at every provider", async () => {
    const seen = new Map<string, number>()
    const count = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1)
    for (const scenario of fc.sample(Arbitraries.scenario, { numRuns: 400, seed: 7 })) {
      const { failure, provider, sent, visits } = await play({ providers: definitions, submit: Job.submit }, scenario)
      count(provider.name)
      for (const word of scenario.words) count(word)
      if (failure !== undefined) count("no handle")
      if (visits.length > 1) count("several watchers")
      if (sent.some(({ aborted }) => aborted !== undefined)) count("a poll aborted")
      if (sent.some(({ retryAfter }) => retryAfter !== undefined)) count("a poll rate-limited")
      for (const state of visits.flatMap((visit) => visit.states)) count(state.state._tag)
      if (visits.some(({ end }) => typeof end === "object" && String(end.error).includes("ended: still"))) count("a deadline passed")
    }
    const wanted = {
      cometapi: 50,
      xingchao: 50,
      geeknow: 50,
      xai: 50,
      "several watchers": 100,
      "a poll aborted": 20,
      "a poll rate-limited": 10,
      "no handle": 5,
      "a deadline passed": 50,
      Submitted: 400,
      Queued: 100,
      Running: 300,
      Succeeded: 50,
      Failed: 80,
      Expired: 5,
      Cancelled: 3,
      "mock:stuck": 10,
      "mock:flaky": 20,
      "mock:not-found-first": 20,
      "mock:unknown-status": 20,
      "mock:lost-submit": 5
    }
    const missing = Object.entries(wanted).filter(([what, least]) => (seen.get(what) ?? 0) < least)
    expect(missing).toEqual([])
  })

  it("are the same each time", async () => {
    for (const scenario of fc.sample(Arbitraries.scenario, { numRuns: 20, seed: 3 })) {
      const once = await play({ providers: definitions, submit: Job.submit }, scenario)
      const again = await play({ providers: definitions, submit: Job.submit }, scenario)
      expect(again.sent).toEqual(once.sent)
      expect(again.visits.map(({ states }) => states)).toEqual(once.visits.map(({ states }) => states))
    }
  })
})
