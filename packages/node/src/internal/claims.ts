/** Which process holds which entry of a journal: one small file per claim, which a dead holder loses. */
import { JobError, type KeyValueJournal } from "@reelay/core"
import * as Effect from "effect/Effect"
import { link, mkdir, readFile, rm, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { aliveHere, type Holder, isHolder, self } from "./holder.ts"
import { leftIn, removeLeft } from "./leftovers.ts"

/** A holder on another machine counts as dead after this silence, and gives a sign of life at this interval: milliseconds. */
const silence = 60_000
const beat = 15_000

export interface FileClaims extends KeyValueJournal.Claims {
  /**
   * Removes what dead processes left more than an hour ago: signs of life, partial files, and claims to entries that `isClosed`. A claim to any
   * other entry stays: if a lower number were missing, the next claimant would not see a higher one.
   */
  readonly tidy: (now: number, isClosed: (id: string) => boolean) => Promise<void>
}

/**
 * Claims as numbered files, `<id>.1`, `<id>.2`, ...: the highest is the holder's. Taking over from a dead holder creates the next
 * number, which only one process can; releasing removes its own.
 */
export const claimsIn = (folder: string): FileClaims => {
  const me = self()
  /** The number of each claim of this process; 0 while it is being made. */
  const held = new Map<string, number>()
  let beating: ReturnType<typeof setInterval> | undefined
  const file = (id: string, number: number): string => join(folder, `${id}.${number}`)
  const sign = (holder: string): string => join(folder, `alive-${holder}`)

  const showLife = (): Promise<void> => writeFile(sign(me.id), "")
  /** Runs only while something is held, and never keeps the process alive. */
  const keepBeating = async (): Promise<void> => {
    if (beating !== undefined) return
    beating = setInterval(() => void showLife().catch(() => undefined), beat)
    beating.unref()
    await showLife()
  }
  const stopBeating = async (): Promise<void> => {
    if (held.size > 0 || beating === undefined) return
    clearInterval(beating)
    beating = undefined
    await rm(sign(me.id), { force: true })
  }

  /** By the file system's own clock: two machines need not agree on the time. A young claim is a sign of life too. */
  const heardOf = async ({ id }: Holder, claim: string): Promise<boolean> => {
    await showLife()
    const mine = (await stat(sign(me.id))).mtimeMs
    if (beating === undefined) await rm(sign(me.id), { force: true })
    const signs = await Promise.all([sign(id), claim].map((path) => stat(path).catch(() => undefined)))
    return signs.some((found) => found !== undefined && mine - found.mtimeMs < silence)
  }
  const isAlive = async (holder: Holder, claim: string): Promise<boolean> =>
    holder.where === me.where ? aliveHere(holder) : heardOf(holder, claim)

  /** Exclusive, and whole from the start: a half-written claim would look unowned. */
  const created = async (id: string, number: number): Promise<boolean> => {
    const part = join(folder, `.${id}.${globalThis.crypto.randomUUID()}`)
    try {
      await writeFile(part, JSON.stringify(me))
      await link(part, file(id, number))
      return true
    } catch (error) {
      if (codeOf(error) === "EEXIST") return false
      throw error
    } finally {
      await rm(part, { force: true })
    }
  }

  const take = async (id: string): Promise<boolean> => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    for (let number = 1; ; number++) {
      const holder = await holderOf(file(id, number))
      if (holder === undefined) {
        // The sign of life comes first: to another machine a claim without one looks dead.
        await keepBeating()
        if (!(await created(id, number))) return false
        held.set(id, number)
        return true
      }
      if (holder !== "unowned" && (await isAlive(holder, file(id, number)))) return false
    }
  }

  const letGo = async (id: string): Promise<void> => {
    const number = held.get(id)
    held.delete(id)
    if (number !== undefined && number > 0) {
      // If this process was frozen, another may have counted it as dead and made the next number, which is seen only through this one.
      const isTaken = async (): Promise<boolean> => (await holderOf(file(id, number + 1))) !== undefined
      if (await isTaken()) await writeFile(file(id, number), "")
      else {
        await rm(file(id, number), { force: true })
        if (await isTaken()) await writeFile(file(id, number), "")
      }
    }
    await stopBeating()
  }

  const tidy: FileClaims["tidy"] = async (now, isClosed) => {
    await removeLeft(folder, now, (name) => /^(\.[\w-]+\.|alive-)[\da-f-]{36}$/u.test(name))
    for (const name of await leftIn(folder, now, (each) => isClosed(/^([\w-]+)\.\d+$/u.exec(each)?.[1] ?? ""))) {
      const holder = await holderOf(join(folder, name))
      if (holder === undefined || holder === "unowned" || !(await isAlive(holder, join(folder, name))))
        await rm(join(folder, name), { force: true })
    }
  }

  const gone = (id: string): Effect.Effect<void> => Effect.ignore(Effect.tryPromise(() => letGo(id)))

  return {
    tidy,
    acquire: (id) =>
      Effect.suspend(() => {
        if (held.has(id)) return Effect.succeed(false)
        held.set(id, 0)
        return Effect.tryPromise({
          try: () => take(id),
          catch: (error) => new JobError.JournalFailed({ detail: `the journal's entry ${id} can't be claimed (${String(error)})` })
        }).pipe(
          Effect.tap((mine) => (mine ? Effect.void : gone(id))),
          Effect.tapError(() => gone(id))
        )
      }).pipe(Effect.uninterruptible),
    release: gone
  }
}

/** `undefined`: there is no such claim. An unreadable claim has no owner. */
const holderOf = async (path: string): Promise<Holder | "unowned" | undefined> => {
  try {
    const read: unknown = JSON.parse(await readFile(path, "utf8"))
    return isHolder(read) ? read : "unowned"
  } catch (error) {
    return codeOf(error) === "ENOENT" ? undefined : "unowned"
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error ? Reflect.get(error, "code") : undefined)
