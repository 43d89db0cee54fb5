/**
 * The providers that the mock plays unless it is given others. One is registered here and nowhere else: its import, and its name in the list.
 *
 * @since 0.1.0
 */
import type { Provider } from "../provider/Provider.ts"
import * as Fault from "../script/Fault.ts"
import { cometapiOverXai } from "./cometapi+xai/dialect.ts"
import { cometapi } from "./cometapi/dialect.ts"
import { geeknow } from "./geeknow/dialect.ts"
import { xai } from "./xai/dialect.ts"
import { xingchao } from "./xingchao/dialect.ts"

/**
 * They by name, to be picked: `Mock.make({ providers: [builtIn.xai, acme] })`.
 *
 * @category constants
 * @since 0.1.0
 */
export const builtIn = { cometapi, xingchao, geeknow, xai, "cometapi+xai": cometapiOverXai } satisfies Readonly<Record<string, Provider>>

/**
 * All of them, in the order in which they are shown.
 *
 * @category constants
 * @since 0.1.0
 */
export const providers: ReadonlyArray<Provider> = Object.values(builtIn)

/**
 * The faults that they can show.
 *
 * @category constants
 * @since 0.1.0
 */
export const catalogue: Fault.Catalogue = Fault.catalogueOf(providers)
