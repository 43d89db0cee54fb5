/** What killed processes leave beside the files of a journal: halves of files that never got their name, and claims. */
import { readdir, rm, stat } from "node:fs/promises"
import { join } from "node:path"

/** Nobody takes that long to write a file, in milliseconds: what was left for longer is nobody's. */
const hour = 3_600_000

/** The names of a folder that were written more than an hour before `now`, of those that `isOurs` takes. A folder that is not there has none. */
export const leftIn = async (folder: string, now: number, isOurs: (name: string) => boolean): Promise<ReadonlyArray<string>> => {
  const names = (await readdir(folder).catch(() => [])).filter(isOurs)
  const ages = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ mtimeMs }) => now - mtimeMs,
        () => 0
      )
    )
  )
  return names.filter((_, index) => (ages[index] ?? 0) > hour)
}

/** Removes what an unfinished write has left. */
export const removeLeft = async (folder: string, now: number, isOurs: (name: string) => boolean): Promise<void> => {
  for (const name of await leftIn(folder, now, isOurs)) await rm(join(folder, name), { force: true })
}
