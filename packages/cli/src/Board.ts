/** Jobs as live lines on a terminal: one line per job, redrawn in place. */
import type { JobState } from "@reelay/core"
import { clock } from "./Time.ts"

/** One job as the board knows it. */
export interface Row {
  readonly label: string
  readonly state: JobState.JobState
  /** Epoch milliseconds. */
  readonly since: number
  /** Set when the row no longer changes. */
  readonly until?: number | undefined
  /** Replaces the state's text, for example while the file is saved. */
  readonly text?: string | undefined
  /** Replaces the state's progress: a fraction. */
  readonly progress?: number | undefined
}

export const barWidth = 20

/** A bar of eighths, empty if the fraction is unknown. */
export const bar = (fraction: number | undefined, width = barWidth): string => {
  if (fraction === undefined) return "·".repeat(width)
  const eighths = Math.round(Math.min(1, Math.max(0, fraction)) * width * 8)
  const full = Math.floor(eighths / 8)
  const part = eighths % 8 === 0 ? "" : ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
  return `${"█".repeat(full)}${part}`.padEnd(width, "░")
}

/** One job in one line, cut to the width of the terminal. */
export const draw = ({ label, progress, since, state, text, until }: Row, now: number, width: number, labelWidth: number): string => {
  const fraction = progress ?? progressOf(state)
  const percent = fraction === undefined ? "    " : `${String(Math.floor(fraction * 100)).padStart(3)}%`
  const line = `${label.padEnd(labelWidth)}  ${bar(fraction)} ${percent}  ${clock((until ?? now) - since).padStart(5)}  ${text ?? describe(state)}`
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`
}

const progressOf = (state: JobState.JobState): number | undefined => {
  switch (state._tag) {
    case "Running":
      return state.progress
    case "Succeeded":
      return 1
    case "Submitted":
    case "Queued":
    case "Failed":
    case "Expired":
    case "Cancelled":
      return undefined
  }
}

/** A state in a few words. */
export const describe = (state: JobState.JobState): string => {
  switch (state._tag) {
    case "Submitted":
      return "submitted"
    case "Queued":
      return state.position === undefined ? "queued" : `queued, ${state.position} ahead of it`
    case "Running":
      return state.progressSource === "estimated" ? "running (estimated)" : "running"
    case "Succeeded":
      return state.costUsd === undefined ? "succeeded" : `succeeded, $${state.costUsd.toFixed(2)}`
    case "Failed":
      return `failed${state.failure.moderated ? " by moderation" : ""}: ${state.failure.message}`
    case "Expired":
      return "expired"
    case "Cancelled":
      return `cancelled by the ${state.by}`
  }
}

/** Where a board is drawn: a terminal, or a fake. */
export interface Screen {
  readonly columns: () => number
  readonly write: (text: string) => void
}

/** Draws rows in place. `print` puts lines that must stay above them. */
export const make = (screen: Screen) => {
  let drawn = 0
  const clear = (): string => (drawn === 0 ? "" : `\r\u001B[${drawn}A\u001B[J`)
  const paint = (rows: ReadonlyArray<Row>, now: number, above = ""): void => {
    const labelWidth = Math.max(0, ...rows.map(({ label }) => label.length))
    const lines = rows.map((row) => `${draw(row, now, screen.columns() - 1, labelWidth)}\n`)
    screen.write(`${clear()}${above}${lines.join("")}`)
    drawn = lines.length
  }
  return {
    paint,
    print: (text: string, rows: ReadonlyArray<Row>, now: number): void => paint(rows, now, `${text}\n`),
    /** Leaves the rows as they stand: what is written next comes below them. */
    settle: (): void => {
      drawn = 0
    }
  }
}
