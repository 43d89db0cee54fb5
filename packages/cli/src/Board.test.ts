import type { JobState } from "@reelay/core"
import { describe, expect, it } from "vitest"
import * as Board from "./Board.ts"

const ref = { provider: "xai", kind: "generation", id: "a3d1", baseUrl: "https://api.x.ai", submittedAt: 0 } as const
const running: JobState.JobState = { _tag: "Running", ref, at: 0, polls: 1, progress: 0.42, progressSource: "reported" }
const row = (state: JobState.JobState): Board.Row => ({ label: "xai", state, since: 0 })

describe("bar", () => {
  it.each([
    [undefined, "····"],
    [0, "░░░░"],
    [0.5, "██░░"],
    [0.59, "██▍░"],
    [1, "████"],
    [7, "████"]
  ])("%s is drawn %s", (fraction, drawn) => {
    expect(Board.bar(fraction, 4)).toBe(drawn)
  })

  it("always has the requested width", () => {
    for (let eighth = 0; eighth <= 160; eighth++) expect(Board.bar(eighth / 160)).toHaveLength(Board.barWidth)
  })
})

describe("draw", () => {
  it("shows progress, elapsed time and state on one line", () => {
    expect(Board.draw(row(running), 12_000, 100, 8)).toBe("xai       ████████▍░░░░░░░░░░░  42%   0:12  running")
  })

  it("is never wider than the terminal, so it never wraps", () => {
    const failed: JobState.JobState = {
      _tag: "Failed",
      ref,
      at: 0,
      polls: 1,
      billed: "unknown",
      failure: { origin: "provider", message: "x".repeat(500), moderated: true }
    }
    expect(Board.draw(row(failed), 0, 60, 8)).toHaveLength(60)
  })
})

describe("make", () => {
  it("redraws rows in place, and leaves printed lines above them", () => {
    const written: Array<string> = []
    const board = Board.make({ columns: () => 100, write: (text) => written.push(text) })
    board.paint([row(running)], 0)
    board.print("a line that stays", [row(running)], 0)
    expect(written[0]).not.toContain("\u001B")
    expect(written[1]?.startsWith("\r\u001B[1A\u001B[Ja line that stays\nxai")).toBe(true)
  })

  it("overwrites nothing that was written after the rows were settled", () => {
    const written: Array<string> = []
    const board = Board.make({ columns: () => 100, write: (text) => written.push(text) })
    board.paint([row(running)], 0)
    board.settle()
    board.paint([], 0)
    expect(written.slice(1).join("")).toBe("")
  })
})
