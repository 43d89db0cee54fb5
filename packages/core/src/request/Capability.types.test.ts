import { describe, expectTypeOf, it } from "vitest"
import type { Capability, RequestOf } from "./Capability.ts"
import type { VideoRequest } from "./VideoRequest.ts"

const table = [
  {
    model: "small",
    mode: "generate",
    prompt: "required",
    duration: { oneOf: [4, 8] },
    aspectRatio: { oneOf: ["16:9", "9:16"] },
    resolution: { oneOf: ["480p"] }
  },
  { model: "large", mode: "generate", prompt: "optional", duration: { from: 1, to: 15 }, images: { min: 1, max: 1, as: ["url"] } },
  { model: "fixed", mode: "generate", prompt: "required", duration: { fixed: 10, sent: false } },
  { model: "sent", mode: "generate", prompt: "required", duration: { fixed: 10, sent: true } },
  { model: "large", mode: "edit", prompt: "required", video: {} }
] as const satisfies ReadonlyArray<Capability>

type Request = RequestOf<typeof table>

/** Whether the table allows a request. */
type Allows<Given> = Given extends Request ? true : false

describe("the requests of a literal table", () => {
  it("are those that a model can serve", () => {
    expectTypeOf<Request>().toExtend<VideoRequest>()
    expectTypeOf<Allows<{ model: "small"; prompt: string; duration: 4; aspectRatio: "16:9"; resolution: "480p" }>>().toEqualTypeOf<true>()
    expectTypeOf<Allows<{ model: "large"; images: ReadonlyArray<string>; duration: number }>>().toEqualTypeOf<true>()
    expectTypeOf<Allows<{ model: "large"; mode: "edit"; prompt: string; video: string }>>().toEqualTypeOf<true>()
    expectTypeOf<Allows<{ model: "sent"; prompt: string; duration: 10 }>>().toEqualTypeOf<true>()
  })

  it("are no others", () => {
    expectTypeOf<Allows<{ model: "other"; prompt: string }>>().toEqualTypeOf<false>()
    expectTypeOf<Allows<{ model: "small"; prompt: string; duration: 5 }>>().toEqualTypeOf<false>()
    expectTypeOf<Allows<{ model: "small"; prompt: string; resolution: "1080p" }>>().toEqualTypeOf<false>()
    expectTypeOf<Allows<{ model: "small"; prompt: string; images: ReadonlyArray<string> }>>().toEqualTypeOf<false>()
    expectTypeOf<Allows<{ model: "small" }>>().toEqualTypeOf<false>()
    expectTypeOf<Allows<{ model: "fixed"; prompt: string; duration: 10 }>>().toEqualTypeOf<false>()
    expectTypeOf<Allows<{ model: "large"; mode: "edit"; prompt: string }>>().toEqualTypeOf<false>()
    expectTypeOf<Allows<{ model: "large"; mode: "extend"; prompt: string; video: string }>>().toEqualTypeOf<false>()
  })
})
