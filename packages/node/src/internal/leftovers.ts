/** What killed processes leave beside the files of a journal: halves of files that never got their name, and claims. */
import { readdir, rm, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"

/** Nobody takes that long to write a file, in milliseconds: what was left for longer is nobody's. */
const hour = 3_600_000

/** What time it is in a folder, in milliseconds since the epoch: two machines that share one need not agree on it. */
const timeIn = async (folder: string): Promise<number> => {
  const probe = join(folder, `.now.${globalThis.crypto.randomUUID()}.part`)
  try {
    await writeFile(probe, "")
    return (await stat(probe)).mtimeMs
  } finally {
    await rm(probe, { force: true })
  }
}

const writtenAt = (path: string): Promise<number> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Number.POSITIVE_INFINITY
  )

/**
 * The names of a folder that were written more than an hour ago, of those that `isOurs` takes. A folder that is not there has none. `now` is this
 * machine's clock, by which there is mostly nothing to look at; what it takes for old is old only if the folder's own clock says so.
 */
export const leftIn = async (folder: string, now: number, isOurs: (name: string) => boolean): Promise<ReadonlyArray<string>> => {
  const names = (await readdir(folder).catch(() => [])).filter(isOurs)
  const times = await Promise.all(names.map((name) => writtenAt(join(folder, name))))
  const old = (at: number) => names.filter((_, index) => at - (times[index] ?? at) > hour)
  return old(now).length === 0 ? [] : old(await timeIn(folder))
}

/** Removes what an unfinished write has left. */
export const removeLeft = async (folder: string, now: number, isOurs: (name: string) => boolean): Promise<void> => {
  for (const name of await leftIn(folder, now, isOurs)) await rm(join(folder, name), { force: true })
}
