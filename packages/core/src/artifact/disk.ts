/** What a file system error means for saving a file. Pure. */
import type * as PlatformError from "effect/PlatformError"

/** What failed at which path, and what to do. */
export const onDisk = ({ reason }: PlatformError.PlatformError, path: string): string => {
  const cause = "cause" in reason && reason.cause instanceof Error ? reason.cause : undefined
  const code = cause === undefined ? undefined : Reflect.get(cause, "code")
  const taken = reason._tag === "NotFound" && reason.method === "rename" ? gone : undefined
  const known = taken ?? (typeof code === "string" ? words[code] : undefined)
  const said = cause?.message ?? reason.description ?? ""
  return `${path} can't be written: ${known ?? tags[reason._tag] ?? `${reason._tag}${said === "" ? "" : ` (${said})`}`}`
}

const gone = "its part file is gone, removed by a user or by another download to the same place. Download it again"

/** By the names of POSIX and libuv. */
const words: Readonly<Record<string, string | undefined>> = {
  ENOSPC: "the disk is full. Make room, or name a place on another disk",
  EDQUOT: "the quota of this user is used up. Make room, or name another place",
  EROFS: "the disk is read-only. Name a place on another one",
  EFBIG: "the disk can't hold a file of this size. Name a place on another one",
  EACCES: "there is no permission to write there. Allow it, or name a file in a folder of your own",
  EPERM: "there is no permission to write there. Allow it, or name a file in a folder of your own",
  ENOENT: "its folder does not exist. Make the folder first",
  ENOTDIR: "its folder is a file. Name another place",
  EISDIR: "it is a folder. Name a file in it",
  ENAMETOOLONG: "its name is too long. Name a shorter one: 24 characters are added until it is whole"
}

/** If the platform gives no code. */
const tags: Readonly<Record<string, string | undefined>> = {
  PermissionDenied: words["EACCES"],
  NotFound: words["ENOENT"]
}
