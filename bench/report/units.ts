/** Numbers as people read them: three digits, and a dash for what was not measured. */

export const none = "—"

export const number = (value: number | undefined): string => {
  if (value === undefined) return none
  const size = Math.abs(value)
  if (size >= 100) return Math.round(value).toLocaleString("en-US")
  if (size >= 10) return value.toFixed(1)
  return value.toFixed(2)
}

export const whole = (value: number | undefined): string => (value === undefined ? none : Math.round(value).toLocaleString("en-US"))

/** Bytes as thousands of them. */
export const kilobytes = (bytes: number | undefined): string => (bytes === undefined ? none : number(bytes / 1000))
