/** A request that was stored and read back makes exactly the same submission, at each provider: no other video is paid for than was meant. */
import { StoredVideoRequest, type VideoRequest } from "@reelay/core"
import { definition as xai } from "@reelay/providers/xai"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { digestOf } from "../../core/src/journal/keys.ts"
import * as Arbitraries from "../src/Arbitraries.ts"
import { definitions } from "./subjects.ts"

const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)

/** The image in an alternative form: bytes also become a Blob, a File or a `data:` URL of other bytes. */
const formsOf = (image: VideoRequest.Image): fc.Arbitrary<VideoRequest.Image> => {
  if (typeof image === "string" && !image.startsWith("data:")) return fc.constant(image)
  return fc.uint8Array({ maxLength: 64 }).chain((rest) => {
    const bytes = Uint8Array.of(...png, ...rest)
    return fc.constantFrom<VideoRequest.Image>(
      bytes,
      new Blob([bytes]),
      new Blob([bytes], { type: "image/jpeg" }),
      new File([bytes], "fox.png", { type: "image/png" }),
      `data:image/png;base64,${Buffer.from(bytes).toString("base64")}`
    )
  })
}

const requests = (definition: Parameters<typeof Arbitraries.request>[0]): fc.Arbitrary<VideoRequest.VideoRequest> =>
  Arbitraries.request(definition).chain(({ images, ...request }) =>
    images === undefined ? fc.constant(request) : fc.tuple(...images.map(formsOf)).map((all) => Object.assign({}, request, { images: all }))
  )

const digest = (given: VideoRequest.VideoRequest): Promise<string> =>
  Effect.runPromise(Effect.flatMap(xai.submission(given), ({ call }) => digestOf(call)))

describe("a request that was stored", () => {
  it.each(definitions.map((definition) => [definition.name, definition] as const))(
    "makes the same submission at %s as the one that it was",
    async (_, definition) => {
      let withImages = 0
      await fc.assert(
        fc.asyncProperty(requests(definition), (request) =>
          Effect.gen(function* () {
            const text = JSON.stringify(yield* StoredVideoRequest.toStored(request))
            const back = yield* StoredVideoRequest.fromStored(JSON.parse(text))
            const [before, after] = [yield* definition.submission(request), yield* definition.submission(back)]
            expect(after.kind).toBe(before.kind)
            expect(yield* digestOf(after.call)).toBe(yield* digestOf(before.call))
            if (request.images?.some((image) => typeof image !== "string")) withImages += 1
          }).pipe(Effect.runPromise)
        ),
        { numRuns: 400 }
      )
      // Otherwise the law would have been about texts only.
      expect(withImages).toBeGreaterThan(0)
    }
  )

  it("keeps the options of its provider", async () => {
    const options = {
      user: "u-1",
      referenceImages: ["https://a.b/1.png", { fileId: "file-1" }],
      storage: { filename: "fox.mp4", publicUrl: true }
    }
    const request = { prompt: "a fox", options }
    const { fromStored, toStored } = StoredVideoRequest.make(
      Schema.Struct({ ...StoredVideoRequest.fields, options: Schema.optional(Schema.Json) })
    )
    const back = await Effect.runPromise(Effect.flatMap(toStored(request), (stored) => fromStored(JSON.parse(JSON.stringify(stored)))))
    expect(back).toStrictEqual(request)
    expect([await digest(back), await digest({ prompt: "a fox" })]).toEqual([
      await digest(request),
      expect.not.stringContaining(await digest(request))
    ])
  })
})
