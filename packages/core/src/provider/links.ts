/** Finds the links to a finished video in a payload. Pure. */
import type { Artifact } from "../job/Reading.ts"
import { contentOf } from "./wrapper.ts"

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
 * Where the gateways of this family (new-api, one-api, sub2api, grok2api and what is built on them) put the link, the likelier places first,
 * and where each was seen. A name may stand for a list. Each place may also be one or two wrappers further inside: `data.video_url`.
 *
 * Results only: `image_url`, `cover_url`, `input.video_url` and the like are not here.
 *
 * @category constants
 * @since 0.1.0
 */
export const linkPlaces: { readonly [place: string]: string } = {
  "video.url": "docs.x.ai, GET /v1/videos/{request_id}; chenyme/grok2api backend/internal/transport/http/inference/handler.go@d6f6e9f",
  "output.url": "docs.geeknow.top/api-reference/videos/grok/query",
  video_url: "docs.xingchaoyiqing.com; QuantumNous/new-api relay/channel/task/xai/adaptor.go@1f3ebea",
  url: "docs.geeknow.top/api-reference/videos/grok/query; QuantumNous/new-api relay/relay_task.go@00fca48",
  "detail.url": "docs.geeknow.top/api-reference/videos/grok/query",
  "metadata.url": "QuantumNous/new-api model/task.go@01d7dcf; Wei-Shaw/sub2api#4494",
  "metadata.video_url": "WanInter/new-api relay/channel/task/xinghe/adaptor.go@bfaf4ae",
  "metadata.result_url": "WanInter/new-api relay/channel/task/xinghe/adaptor.go@bfaf4ae",
  "metadata.result_urls": "WanInter/new-api relay/channel/task/xinghe/adaptor.go@bfaf4ae",
  result_url: "QuantumNous/new-api dto/task.go@06644e8",
  stable_video_url: "WanInter/new-api relay/channel/task/xinghe/adaptor.go@bfaf4ae",
  "result.videos.url": "apimart, for Grok video: QuantumNous/new-api relay/channel/task/apimart/adaptor.go@12cb559",
  "task_result.videos.url": "Kling: QuantumNous/new-api relay/channel/task/kling/adaptor.go@070818b",
  "content.video_url": "Doubao: QuantumNous/new-api relay/channel/task/doubao/adaptor.go@035aa73",
  "content.url": "MiniMax: QuantumNous/new-api relay/channel/task/hailuo/models.go@5cb8f6a",
  "file.download_url": "MiniMax: QuantumNous/new-api relay/channel/task/hailuo/models.go@5cb8f6a",
  "creations.url": "Vidu: QuantumNous/new-api relay/channel/task/vidu/adaptor.go@0830dc7",
  "generateVideoResponse.generatedVideos.video.uri": "Veo: QuantumNous/new-api relay/channel/task/gemini/dto.go@0fc1489",
  "videos.url": "LiHua0418/new-api-MiouFun relay/channel/task/xai/adaptor.go@03314e5",
  output: "LiHua0418/new-api-MiouFun relay/channel/task/xai/adaptor.go@03314e5",
  video: "Veo: QuantumNous/new-api relay/channel/task/gemini/dto.go@0fc1489",
  "video.file_output.public_url": "docs.x.ai, GET /v1/videos/{request_id}, if the request has storage_options.public_url",
  fail_reason: "of a success: QuantumNous/new-api controller/task_video.go@08b94b7"
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

/**
 * Finds the links of a payload: in the given places, which the vendor documents, and then in those of its family.
 *
 * @category getters
 * @since 0.1.0
 */
export const linksIn = (json: unknown, ...documented: ReadonlyArray<string>): Found => {
  const places = [...new Set([...documented, ...Object.keys(linkPlaces)])].map((place) => place.split("."))
  const levels = levelsOf(json, 2)
  const texts = places.flatMap((place) => levels.flatMap((level) => valuesAt(level, place))).filter((value) => typeof value === "string")
  const artifacts = links(...texts)
  return { artifacts, isUnreadable: artifacts.length === 0 && levels.some((level) => isUnreadable(level, places)) }
}

/** A payload, and what it is a wrapper of. */
const levelsOf = (json: unknown, depth: number): ReadonlyArray<unknown> => {
  const inside = depth === 0 ? undefined : contentOf(json)
  return typeof inside === "object" ? [json, ...listed(inside).flatMap((each) => levelsOf(each, depth - 1))] : [json]
}

const listed = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [value])

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null && !Array.isArray(value)

/** The values at a place, through the lists on the way. */
const valuesAt = (json: unknown, [name, ...rest]: ReadonlyArray<string>): ReadonlyArray<unknown> =>
  listed(json).flatMap((each) => {
    if (name === undefined) return listed(each)
    return isObject(each) && Object.hasOwn(each, name) ? valuesAt(Reflect.get(each, name), rest) : []
  })

/** Names of what is beside a result: other media, addresses of the API or of help, and what the caller has sent. */
const beside =
  /image|thumb|cover|poster|frame|avatar|logo|audio|input|reference|source|callback|hook|prompt|properties|doc|help|support|error|quer|poll|status|cancel/iu

/** The places whose text is a reason if it isn't a link. */
const reasons = new Set(["fail_reason", "result_url"])

/** Whether a payload has something else in a link's place, an address under an unknown name, or a file as text. */
const isUnreadable = (json: unknown, places: ReadonlyArray<ReadonlyArray<string>>): boolean =>
  places.some((place) => !reasons.has(place.join(".")) && valuesAt(json, place).some(isSomething)) || hasAddress(json, 6)

const isSomething = (value: unknown): boolean => (typeof value === "string" ? value.trim() !== "" : typeof value === "number")

const hasAddress = (json: unknown, depth: number): boolean => {
  if (depth === 0) return false
  if (Array.isArray(json)) return json.some((each) => isAddress(each) || hasAddress(each, depth - 1))
  const names = isObject(json) ? Object.entries(json).filter(([name]) => !beside.test(name)) : []
  return names.some(
    ([name, value]) => isAddress(value) || (/b64|base64/iu.test(name) && isSomething(value)) || hasAddress(value, depth - 1)
  )
}

/** In any scheme: what is at `s3:` or `gs:` can't be fetched, but it is there. */
const isAddress = (value: unknown): boolean =>
  typeof value === "string" && /^\s*[a-z][a-z\d+.-]*:\/\/\S/iu.test(value) && URL.canParse(value)
