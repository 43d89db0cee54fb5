/** The Idempotency-Keys of submissions that have no answer yet: kept before anything is sent, so that a reload asks under the same key. */

interface Pending {
  readonly key: string
  /** What was sent, as text: the same wish has the same. */
  readonly body: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** An older one is forgotten: nobody waits for it any more. Milliseconds. */
const lasts = 3_600_000

/** A page that submits as it is loaded does so within this, and means what it meant before. Milliseconds. */
const adopted = 10_000

export interface Keys {
  /** The key of a wish, which is kept from now on: that of the page before this one, if it asked for the same without an answer, or a new one. */
  readonly of: (body: string) => string
  /** The submission has an answer. */
  readonly done: (key: string) => void
  /** What an earlier page has left. This one asks for it: the first submission of the same, if it comes soon, is that one. */
  readonly resume: () => ReadonlyArray<Pending>
}

/** A storage that is full, blocked or absent is no reason to fail: then a key lasts as long as the page. */
export const keysIn = (storage: () => Storage | undefined, url: string): Keys => {
  const name = `reelay:pending:${url}`
  const taken = new Set<string>()
  const resumed = new Map<string, Pending>()
  const kept = (change: (all: ReadonlyArray<Pending>) => ReadonlyArray<Pending>): ReadonlyArray<Pending> => {
    try {
      const store = storage()
      const all: ReadonlyArray<Pending> = JSON.parse(store?.getItem(name) ?? "[]")
      const then = change(all.filter(({ at }) => Date.now() - at < lasts))
      store?.setItem(name, JSON.stringify(then))
      return then
    } catch {
      return []
    }
  }
  const left = (): ReadonlyArray<Pending> => kept((all) => all).filter(({ key }) => !taken.has(key))
  return {
    of: (body) => {
      const before = resumed.get(body)
      resumed.delete(body)
      if (before !== undefined && Date.now() - before.at < adopted) return before.key
      const key = left().find((each) => each.body === body)?.key ?? crypto.randomUUID()
      taken.add(key)
      kept((all) => [...all.filter((each) => each.key !== key), { key, body, at: Date.now() }])
      return key
    },
    done: (key) => void kept((all) => all.filter((each) => each.key !== key)),
    resume: () =>
      left().map((pending) => {
        taken.add(pending.key)
        resumed.set(pending.body, { ...pending, at: Date.now() })
        return pending
      })
  }
}
