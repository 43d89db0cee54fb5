const units: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000]
])

/** Milliseconds of `500ms`, `3s`, `1.5m`, `1h`, or a bare number of milliseconds; `undefined` for any other text. */
export const parseDuration = (text: string): number | undefined => {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text)
  if (match === null) return undefined
  const unit = units.get(match[2] ?? "ms")
  return unit === undefined ? undefined : Math.round(Number(match[1]) * unit)
}
