/** The processor time of processes, as Linux counts it. */
import { readdirSync, readFileSync } from "node:fs"

/** What stands behind the name in `/proc/<pid>/stat`: state, parent and so on. */
const statOf = (pid: number): ReadonlyArray<string> => {
  try {
    return (
      readFileSync(`/proc/${pid}/stat`, "utf8")
        .split(/\) (?=\S )/u)
        .at(-1)
        ?.split(" ") ?? []
    )
  } catch {
    // It is gone.
    return []
  }
}

/** Milliseconds of a process and of those of its children that it has waited for. */
export const cpuOf = (pid: number): number => [11, 12, 13, 14].reduce((sum, field) => sum + Number(statOf(pid)[field] ?? 0), 0) * 10

/** A process and its children. */
export const familyOf = (pid: number): ReadonlyArray<number> => [
  pid,
  ...readdirSync("/proc")
    .map(Number)
    .filter((each) => Number.isInteger(each) && Number(statOf(each)[1]) === pid)
]
