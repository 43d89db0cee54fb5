/** The routes that answer at once: submit, list, look, cancel, forget. */
import { Journal } from "@reelay/core"
import { isTerminal } from "@reelay/core/JobState"
import { jsonOf } from "../access/body.ts"
import { idempotencyKeyOf } from "../access/idempotencyKey.ts"
import { refuse } from "../access/refuse.ts"
import { keyOf, type Own } from "../jobs/Ledger.ts"
import { requestOf } from "../jobs/request.ts"
import { shown } from "../jobs/shown.ts"
import { cursorOf } from "../wire/cursor.ts"
import type { WireEntry } from "../wire/WireState.ts"
import { type Call, jobOf, json, named, nameOf, nameOfKey, type Shared, wireJob } from "./Shared.ts"

/** `POST /jobs` */
export const submit = async (shared: Shared, { request, route, user }: Call): Promise<Response> => {
  const key = idempotencyKeyOf(request)
  const body = await jsonOf(request, shared.requestBytes)
  const wanted = await requestOf(body["request"], shared.allow)
  const { handle, replayed } = await shared.submissions.submit(
    {
      user,
      key,
      provider: providerOf(shared, body["provider"]),
      request: wanted,
      label: labelOf(body["label"]),
      maySubmitAgain: body["maySubmitAgain"] === true
    },
    request.signal
  )
  if (!replayed) shared.ledger.changed()
  const name = await nameOf(shared, handle.ref, user)
  return json(wireJob(shared, name, handle.current()), 201, {
    location: `${route.base}/jobs/${name}`,
    ...(replayed ? { "idempotent-replayed": "true" } : {})
  })
}

const providerOf = ({ options: { providers } }: Shared, given: unknown) => {
  const [first] = providers
  if (given === undefined) return first
  const found = providers.find(({ definition }) => definition.name === given)
  if (found !== undefined) return found
  const rule = `must be one of ${[...new Set(providers.map(({ definition }) => definition.name))].join(", ")}`
  throw refuse("BadRequest", `provider ${rule}.`, { field: "provider", rule })
}

const labelOf = (given: unknown): string | undefined => {
  if (given === undefined) return undefined
  if (typeof given === "string" && given.length <= 200) return given
  throw refuse("BadRequest", "label must be a text of at most 200 characters.", {
    field: "label",
    rule: "must be a text of at most 200 characters"
  })
}

/** `GET /jobs` */
export const list = async (shared: Shared, { user }: Call): Promise<Response> => {
  const own = await shared.ledger.of(user)
  const jobs = await Promise.all(own.map((each) => lineOf(shared, each, user)))
  return json({ jobs: jobs.filter((each) => each !== undefined) })
}

const lineOf = async (shared: Shared, { entry, key }: Own, user: string): Promise<WireEntry | undefined> => {
  const { at, fate, kind, label, provider } = entry
  const common = { provider, kind, at, key, ...(label === undefined ? {} : { label }) }
  switch (fate._tag) {
    case "Intent":
      // Under way here or elsewhere; or a process died around its POST, and then it is unknown whether it was sent.
      return at > Date.now() - 120_000 ? undefined : { ...common, job: await nameOfKey(shared, key, at, user), fate: "Unknown" }
    case "Unknown":
      return { ...common, job: await nameOfKey(shared, key, at, user), fate: "Unknown" }
    case "Accepted":
    case "Closed": {
      const state = (await shared.desk.known(fate.ref)?.catch(() => undefined))?.handle.current()
      const end = fate._tag === "Closed" ? { end: fate.end, endedAt: fate.at } : {}
      return {
        ...common,
        job: await nameOf(shared, fate.ref, user),
        fate: fate._tag,
        ...end,
        ...(state === undefined ? {} : { state: shown(state, shared.options.artifacts?.links === true) })
      }
    }
  }
}

/** `GET /jobs/:id` */
export const look = async (shared: Shared, { request, route, user }: Call): Promise<Response> => {
  const state = await shared.desk.look(await jobOf(shared, route.job, user))
  const etag = `"${cursorOf(state)}"`
  const headers = { etag, "cache-control": "private, no-cache" }
  const known = request.headers.get("if-none-match")?.split(",") ?? []
  if (known.some((each) => each.trim().replace(/^W\//u, "") === etag)) return new Response(null, { status: 304, headers })
  return json(wireJob(shared, route.job, state), 200, headers)
}

/** `POST /jobs/:id/cancel` */
export const cancel = async (shared: Shared, { request, route, user }: Call): Promise<Response> => {
  await jsonOf(request, shared.requestBytes)
  const { handle } = await jobOf(shared, route.job, user)
  const outcome = await shared.services.run(handle.cancel)
  if (isTerminal(handle.current())) shared.ledger.close(handle.ref)
  return json({ outcome, ...wireJob(shared, route.job, handle.current()) })
}

/** `DELETE /jobs/:id`: it is no longer listed. Its key stays paid for. */
export const forget = async (shared: Shared, { route, user }: Call): Promise<Response> => {
  const found = await named(shared, route.job, user)
  const { services } = shared
  if ("key" in found) await services.run(Journal.forget(keyOf(user, found.key)))
  else {
    const own = (await shared.ledger.of(user, 0)).find(({ entry }) => isOf(entry, found.ref.id, found.ref.provider))
    if (own !== undefined) await services.run(Journal.forget(own.entry.id))
  }
  shared.ledger.changed()
  return new Response(null, { status: 204 })
}

const isOf = ({ fate, provider }: Journal.Entry, id: string, name: string): boolean =>
  (fate._tag === "Accepted" || fate._tag === "Closed") && fate.ref.id === id && provider === name
