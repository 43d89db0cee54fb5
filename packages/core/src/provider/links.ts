/** Finds the links to a finished video in a payload. Pure. */
import { parseJson } from "../base/Text.ts"
import type { Artifact } from "../job/Reading.ts"

/**
 * Candidates for the finished file, in the given order and without repeats. What isn't a link is left out: some gateways put the text of a
 * failure in its place (new-api's `result_url`, T31).
 *
 * @category getters
 * @since 0.1.0
 */
export const links = (...candidates: ReadonlyArray<string | undefined>): ReadonlyArray<Artifact> => {
  const urls = candidates.map((candidate) => candidate?.trim() ?? "").filter(isLink)
  return [...new Set(urls)].map((url) => ({ url, kind: "link" }))
}

/** What the URL parser takes (F15), of the schemes that a video can be fetched from; or a path from the API's base. */
const isLink = (text: string): boolean => {
  if (!URL.canParse(text)) return isRelative(text)
  switch (new URL(text).protocol) {
    case "https:":
    case "http:":
      return true
    case "data:":
      return /^data:([^,]*;\s*base64\s*|video\/[^,]*|application\/(octet-stream|mp4)[^,]*),/iu.test(text)
    default:
      return false
  }
}

const someBase = "https://example.com/"

/** How a video's path ends. Without that a text such as `n/a` would be a link. */
const videoName = /[^/]\.(mp4|m4v|mov|webm|mkv|avi|flv|ogv|mpe?g|ts|gif|webp)$/iu

/**
 * A path from the root, `//host/path`, or a path that ends as a video's name does (T38). A backslash, which a URL takes for a slash, is in
 * none of them, and a space, which is in every sentence, only in a path from the root that ends so.
 */
const isRelative = (text: string): boolean => {
  if (/^[a-z][a-z\d+.-]*:|\\/iu.test(text) || !URL.canParse(text, someBase)) return false
  const { hostname, pathname, username } = new URL(text, someBase)
  const isVideo = videoName.test(pathname)
  const hasSpace = /\s/u.test(text)
  if (text.startsWith("//")) return /[.:]/u.test(hostname) && username === "" && pathname !== "/" && (isVideo || !hasSpace)
  return text.startsWith("/") ? pathname !== "/" && (isVideo || !hasSpace) : isVideo && !hasSpace
}

/**
 * What a payload that says "done" has of a video.
 *
 * @category models
 * @since 0.1.0
 */
export interface Found {
  readonly artifacts: ReadonlyArray<Artifact>
  /** Whether there may be a video in a form that can't be read, which isn't the same as none. */
  readonly isUnreadable: boolean
}

/** The names of a link. Each was seen at a gateway of this family: the table of sources is in packages/providers/test/oracle. */
const named = /^((video|result|output|stable_video|download|public)_?)?ur[li]s?$|^(videos?|output|fail_reason)$/iu

/** The names whose text is a reason if it isn't a link. */
const reasons = /^(fail_reason|result_url)$/u

/** Names of what is beside a result: other media, addresses of the API or of help, and what the caller has sent. */
const beside =
  /image|thumb|cover|poster|frame|avatar|logo|audio|input|reference|(^|_)source|hook|callback|prompt|properties|doc|help|error|quer|status/iu

/**
 * Finds the links of a payload, and of what it wraps: those at the given places first, which the vendor documents, then any under the name of
 * a link. What is not readable in the place of a link, an address under another name and a file as text show that there may be a video.
 *
 * @category getters
 * @since 0.1.0
 */
export const linksIn = (json: unknown, ...documented: ReadonlyArray<string>): Found => {
  const seen: Array<{ readonly rank: number; readonly text: string }> = []
  let isUnreadable = false
  visit(json, "", 8, (path, value) => {
    const text = String(value).trim()
    const name = path.slice(path.lastIndexOf(".") + 1)
    const isNamed = named.test(name)
    if (isNamed && isLink(text)) {
      const rank = documented.findIndex((place) => path.endsWith(`.${place}`))
      seen.push({ rank: rank >= 0 ? rank : name === "fail_reason" ? 99 : 98, text })
    } else if (isNamed ? !reasons.test(name) : isAddress.test(text) || /b64|base64/iu.test(name)) isUnreadable = true
  })
  const artifacts = links(...seen.toSorted((one, other) => one.rank - other.rank).map(({ text }) => text))
  return { artifacts, isUnreadable: isUnreadable && artifacts.length === 0 }
}

/** In any scheme: what is at `s3:` or `gs:` can't be fetched, but it is there. */
const isAddress = /^[a-z][a-z\d+.-]*:\/\/\S/iu

/** The texts and numbers of a payload with their paths, as far as `depth`. An item of a list has the path of the list. */
export const visit = (value: unknown, path: string, depth: number, each: (path: string, value: string | number) => void): void => {
  if (typeof value === "number" || (typeof value === "string" && value.trim() !== "")) {
    const json = path.endsWith(".data") ? parseJson(String(value)) : undefined
    if (typeof json === "object") visit(json, path, depth - 1, each)
    else each(path, value)
  } else if (typeof value === "object" && value !== null && depth > 0) {
    for (const [name, inner] of Object.entries(value)) {
      if (Array.isArray(value)) visit(inner, path, depth - 1, each)
      else if (!beside.test(name)) visit(inner, `${path}.${name}`, depth - 1, each)
    }
  }
}
