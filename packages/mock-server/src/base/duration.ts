import { longest } from "./time.ts"

const units: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000]
])

/** Milliseconds of `500ms`, `3s`, `1.5m`, `1h`, up to a year; `undefined` for any other text, a number without its unit too. */
export const parseDuration = (text: string): number | undefined => {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text)
  const unit = units.get(match?.[2] ?? "")
  const millis = unit === undefined ? Number.NaN : Math.round(Number(match?.[1]) * unit)
  return millis <= longest ? millis : undefined
}
