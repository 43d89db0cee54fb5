/** Clients that share a journal: each leaves the entries of another to it. */
import type { Entry, Journal } from "../journal/Journal.ts"
import { accountOf } from "../provider/account.ts"
import type { Provider } from "../provider/Provider.ts"

/** The providers of the clients that are open, by their journal. */
const open = new WeakMap<Journal["Service"], Array<Provider<never>>>()

export interface Sharing {
  /** `false`: it is of another vendor, or of an account whose key another client here has. */
  readonly isOurs: (entry: Entry) => boolean
  /** The client is closed. */
  readonly leave: () => void
}

export const sharing = (journal: Journal["Service"] | undefined, provider: Provider<never>): Sharing => {
  const { name } = provider.definition
  const all = (journal === undefined ? undefined : open.get(journal)) ?? []
  if (journal !== undefined) open.set(journal, all)
  all.push(provider)
  return {
    isOurs: (entry) => entry.provider === name && (has(provider, entry) || !all.some((each) => has(each, entry))),
    leave: () => {
      const place = all.indexOf(provider)
      if (place >= 0) all.splice(place, 1)
    }
  }
}

const has = (each: Provider<never>, { account, provider }: Entry): boolean =>
  each.definition.name === provider && accountOf(each) === account
