/**
 * A mock of its own for each test of Vitest.
 *
 * @since 0.1.0
 */
import { test as base, type TestAPI } from "vitest"
import type { Provider } from "./dialects/Dialect.ts"
import * as Guard from "./guard.ts"
import { wrongsOf } from "./internal/verdict.ts"
import type { Mock } from "./Mock.ts"
import { serve, type ServeOptions } from "./node.ts"
import * as World from "./World.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options extends ServeOptions {
  /**
   * Fails the test at its end with all that the mock found wrong: what was paid twice or for nothing, requests that found no route, laws of
   * `History` that were broken. `floors`: the least distance between two polls of a job, in milliseconds, by provider. Default false.
   */
  readonly verify?: boolean | { readonly floors: Partial<Readonly<Record<Provider, number>>> }
  /** Without it, a request to a real provider's host is an error during the test: see `@reelay/mock-server/guard`. */
  readonly allowRealHosts?: boolean
}

/**
 * A mock, and where it is.
 *
 * @category models
 * @since 0.1.0
 */
export interface ServedMock extends Mock {
  /** As in `http://127.0.0.1:8787`; the base URL of a provider is this, a slash and its name. */
  readonly url: string
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Fixtures {
  /** Set with `test.override`. Default: no options. */
  readonly mockOptions: Options
  /** Served while the test runs. */
  readonly mock: ServedMock
}

/** What was found in one place, and how to have it again; `undefined` where that is nothing. */
const wrongAt = (place: string, mock: Mock, floors: Parameters<typeof wrongsOf>[1], again: ReadonlyArray<string>): string | undefined => {
  const lines = wrongsOf(mock, floors, false).map(({ law, what }) => `  ${law}: ${what}`)
  if (lines.length === 0) return undefined
  return [
    `The mock found the client wrong${place}:`,
    ...lines,
    ...again.map((path) => `Again: reelay-mock, and the base URL <url>${path}`)
  ].join("\n")
}

/** Worlds in which a client that does the same meets the same: one for each provider that it asked. */
const worldsLike = (mock: Mock, { seed, urlTtl }: Options): ReadonlyArray<string> =>
  [...new Set(mock.jobs.map(({ provider }) => provider))].map((provider) => {
    const scripts = mock.jobs.filter((job) => job.provider === provider).map(({ script }) => script)
    const [script] = scripts
    const isOne = scripts.every((each) => JSON.stringify(each) === JSON.stringify(script))
    return `/r/${World.toToken({
      provider,
      // Several at once can't be told in one world: there the prompts choose again.
      ...(isOne && script !== undefined ? { script } : {}),
      ...(seed === undefined ? {} : { seed }),
      ...(urlTtl === undefined ? {} : { urlTtl })
    })}`
  })

/** What was found in a mock, and in each of its worlds, as a text that a failing test can show; `undefined` where that is nothing. */
const wrongIn = (mock: Mock, verify: Exclude<Options["verify"], undefined>, options: Options): string | undefined => {
  const floors = typeof verify === "object" ? verify.floors : {}
  const found = [
    wrongAt("", mock, floors, worldsLike(mock, options)),
    ...Array.from(mock.worlds, ([called, world]) => wrongAt(` in the world /r/${called}`, world, floors, [`/r/${called}`]))
  ].filter((text) => text !== undefined)
  return found.length === 0 ? undefined : found.join("\n")
}

/**
 * Vitest's `test` with a mock for each test that asks for one.
 *
 * **Example** (A client of one's own)
 *
 * ```ts
 * import { test } from "@reelay/mock-server/vitest"
 * import { expect } from "vitest"
 *
 * test.override({ mockOptions: { duration: 300, verify: true } })
 *
 * test("a job is submitted once", async ({ mock }) => {
 *   // … a client with base URL `${mock.url}/xai` …
 *   expect(mock.journal.filter(({ route }) => route === "submit")).toHaveLength(1)
 * })
 * ```
 *
 * @category testing
 * @since 0.1.0
 */
export const test: TestAPI<Fixtures> = base.extend<Fixtures>({
  mockOptions: {},
  mock: async ({ mockOptions: { allowRealHosts = false, verify = false, ...options } }, use) => {
    const guard = allowRealHosts ? undefined : Guard.install()
    try {
      if (guard !== undefined) await Guard.selfTest()
      const { close, mock, url } = await serve(options)
      try {
        await use(Object.assign(mock, { url }))
        const wrong = verify === false ? undefined : wrongIn(mock, verify, options)
        if (wrong !== undefined) throw new Error(wrong)
      } finally {
        await close()
      }
    } finally {
      guard?.uninstall()
    }
  }
})
