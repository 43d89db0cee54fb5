/** Times as people type them on a command line. */

const units: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000]
])

/** Milliseconds of `500ms`, `5s`, `1.5m` or `1h`; `undefined` if the text isn't such a time, or is zero. */
export const parseTime = (text: string): number | undefined => {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/u.exec(text.trim())
  const millis = Number(match?.[1]) * (units.get(match?.[2] ?? "") ?? Number.NaN)
  return millis > 0 ? millis : undefined
}

const two = (n: number): string => String(n).padStart(2, "0")

/** `0:07`, `12:34`, `1:02:03`. */
export const clock = (millis: number): string => {
  const seconds = Math.max(0, Math.floor(millis / 1000))
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

/** How long ago, in the largest suitable unit: `5 s ago`, `3 min ago`, `2 h ago`, `4 days ago`. */
export const ago = (millis: number): string => {
  const seconds = Math.max(0, Math.floor(millis / 1000))
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ago`
  return `${Math.floor(seconds / 86_400)} days ago`
}
