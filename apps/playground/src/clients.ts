/** One client for either way: the page asks the mock itself, or through the relay. Components don't know which. */
import { fromUri } from "@reelay/core/JobRef"
import { createClient, inStorage, type JobClient, type ListedJob, type Source } from "@reelay/core/promise"
import { relay, type RelayRequest } from "@reelay/relay/client"
import type { Mode } from "./model/snippets.ts"
import { catalogue, nameOf, type ProviderName } from "./providers.ts"

export type Studio = Pick<JobClient<RelayRequest>, "attach" | "close" | "forget" | "jobs" | "submit">

export const studioOf = (mode: Mode, mock: string): Studio => {
  switch (mode) {
    case "direct":
      return directly(mock)
    case "relay":
      return relay({ url: "/api/video" })
  }
}

/** A client for each provider, over one journal. */
const directly = (mock: string): Studio => {
  const journal = inStorage(() => localStorage)
  const clientOf = (name: ProviderName) =>
    // Any key is good at the mock. A page must not have a real one: that is what the relay is for.
    createClient({ provider: catalogue[name].configured({ apiKey: "any-key", baseUrl: `${mock}/${name}` }), pace: "500 millis", journal })
  const clients = { xai: clientOf("xai"), cometapi: clientOf("cometapi"), geeknow: clientOf("geeknow"), xingchao: clientOf("xingchao") }
  const all = Object.values(clients)
  return {
    submit: ({ provider, ...request }, options) => clients[nameOf(provider)].submit(request, options),
    attach: async (which, options) => {
      const ref = typeof which === "string" ? fromUri(which) : which
      return clients[nameOf(typeof ref === "string" ? undefined : ref.provider)].attach(which, options)
    },
    jobs: merged(all.map(({ jobs }) => jobs)),
    forget: async (id) => {
      const counts = await Promise.all(all.map((client) => client.forget(id)))
      return counts.reduce((sum, count) => sum + count, 0)
    },
    close: async () => void (await Promise.all(all.map((client) => client.close())))
  }
}

type Jobs = Source<ReadonlyArray<ListedJob>>

/** Several lists as one, oldest first: the same array until one of them changes. */
const merged = (lists: ReadonlyArray<Jobs>): Jobs => {
  let parts: ReadonlyArray<ReadonlyArray<ListedJob>> = []
  let whole: ReadonlyArray<ListedJob> = []
  const current = (): ReadonlyArray<ListedJob> => {
    const now = lists.map((list) => list.current())
    if (now.some((part, index) => part !== parts[index])) {
      parts = now
      whole = now.flat().toSorted((one, other) => one.at - other.at)
    }
    return whole
  }
  return {
    current,
    subscribe: (observer) => {
      const next = typeof observer === "function" ? observer : (value: typeof whole) => observer.next?.(value)
      const stops = lists.map((list) => list.subscribe(() => next(current())))
      const unsubscribe = (): void => stops.forEach((stop) => stop())
      return Object.assign(() => unsubscribe(), { unsubscribe })
    }
  }
}
