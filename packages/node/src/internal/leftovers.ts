/** What killed processes leave beside the files of a journal: temporary files that were never renamed, and claims. */
import { readdir, rm, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"

/** No write takes this long, in milliseconds: an older file has no owner. */
const hour = 3_600_000

/** The time by a folder's file system, in milliseconds since the epoch: machines that share the folder may disagree on the time. */
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
 * The names in a folder that `isOurs` accepts and that were written more than an hour ago. A missing folder has none. `now` is this
 * machine's clock, a cheap first check; a file that it calls old is old only if the folder's own clock agrees.
 */
export const leftIn = async (folder: string, now: number, isOurs: (name: string) => boolean): Promise<ReadonlyArray<string>> => {
  const names = (await readdir(folder).catch(() => [])).filter(isOurs)
  const times = await Promise.all(names.map((name) => writtenAt(join(folder, name))))
  const old = (at: number) => names.filter((_, index) => at - (times[index] ?? at) > hour)
  return old(now).length === 0 ? [] : old(await timeIn(folder))
}

/** Removes the leftovers of unfinished writes. */
export const removeLeft = async (folder: string, now: number, isOurs: (name: string) => boolean): Promise<void> => {
  for (const name of await leftIn(folder, now, isOurs)) await rm(join(folder, name), { force: true })
}
