/** Which route a path names. Nothing in a path is decoded: what is not exactly one of these is nothing. */
import { refuse } from "../access/refuse.ts"

export type RouteName = "jobs" | "job" | "events" | "jobEvents" | "cancel" | "video"

export interface Route {
  readonly name: RouteName
  /** The part of the path before the route. */
  readonly base: string
  /** The handle; empty for a route of all jobs. */
  readonly job: string
}

const methods: Readonly<Record<RouteName, ReadonlyArray<string>>> = {
  jobs: ["GET", "POST"],
  job: ["GET", "DELETE"],
  events: ["POST"],
  jobEvents: ["GET"],
  cancel: ["POST"],
  video: ["GET", "HEAD"]
}

const pattern = /^(.*?)\/(?:(jobs)|(events)|jobs\/([\w.-]{1,4000})(?:\/(events|cancel|video))?)\/?$/u

/** Throws 404, or 405 with what is allowed. */
export const routeOf = (path: string, method: string, basePath: string | undefined): Route => {
  const [matched, base = "", jobs, events, job = "", part] = pattern.exec(path) ?? []
  if (matched === undefined || (basePath !== undefined && base !== basePath.replace(/\/+$/u, ""))) {
    throw refuse("UnknownRoute", "The relay has no such route.")
  }
  const name =
    jobs !== undefined
      ? "jobs"
      : events !== undefined
        ? "events"
        : part === "events"
          ? "jobEvents"
          : part === "cancel" || part === "video"
            ? part
            : "job"
  if (method !== "OPTIONS" && !methods[name].includes(method)) {
    const allow = methods[name].join(", ")
    throw refuse("MethodNotAllowed", `This route takes ${allow}.`, { headers: { allow } })
  }
  return { name, base, job }
}
