/**
 * A mock of its own for each test of Vitest.
 *
 * @since 0.1.0
 */
import { test as base, type TestAPI } from "vitest"
import * as Verdict from "../judge/Verdict.ts"
import type { Mock } from "../mock/Mock.ts"
import * as Guard from "./guard.ts"
import { serve, type ServeOptions } from "./node.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Options extends ServeOptions {
  /**
   * Fails the test at its end if the verdict on the mock is not ok: what was paid twice or for nothing, no video at the end, requests that found
   * no route, and so on. With options it says what this test allows or expects, as `{ expect: ["lost"] }`. Default: false.
   */
  readonly verify?: boolean | Verdict.Options
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
    const guard = allowRealHosts ? undefined : Guard.install(options)
    try {
      if (guard !== undefined) await Guard.selfTest()
      const { close, mock, url } = await serve(options)
      try {
        await use(Object.assign(mock, { url }))
        if (verify !== false) Verdict.check(mock, verify === true ? {} : verify)
      } finally {
        await close()
      }
    } finally {
      guard?.uninstall()
    }
  }
})
