/** The built-in providers by name, gateways aside: what the tests are about that are about each. */
import type { Provider } from "../src/provider/Provider.ts"
import { builtIn } from "../src/providers/index.ts"

/** A gateway's has a plus: whose surface it has, and over which upstream. */
export type Name = Exclude<keyof typeof builtIn, `${string}+${string}`>

const all: Readonly<Record<string, Provider>> = builtIn

export const isName = (name: string): name is Name => all[name] !== undefined && all[name].gateway === undefined

export const providerNames: ReadonlyArray<Name> = Object.keys(all).filter(isName)

/** Something of each provider. */
export const ofEach = <A>(read: (provider: Provider) => A): Readonly<Record<Name, A>> =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Object.fromEntries forgets the names.
  Object.fromEntries(providerNames.map((name) => [name, read(builtIn[name])])) as Record<Name, A>
