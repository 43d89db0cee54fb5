/** For tests of what must not happen: it would within these milliseconds. */
import * as Effect from "effect/Effect"

export const pause = (milliseconds: number): Promise<void> => Effect.runPromise(Effect.sleep(milliseconds))
