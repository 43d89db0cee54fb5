/** Requests that a provider's table allows. */
import type { Capability, VideoRequest } from "@reelay/core"
import * as fc from "fast-check"

/** A limit where the documents have none: enough to see that the value is sent. */
const unbounded = 60

const seconds = (of: Capability.Seconds): fc.Arbitrary<number | undefined> => {
  if ("fixed" in of) return fc.constantFrom(undefined, of.fixed)
  const given = "oneOf" in of ? fc.constantFrom(...of.oneOf) : fc.integer({ min: of.from, max: of.to ?? unbounded })
  return fc.option(given, { nil: undefined })
}

const word = (of: Capability.Words | undefined): fc.Arbitrary<string | undefined> =>
  of === undefined ? fc.constant(undefined) : fc.option(fc.constantFrom(...of.oneOf), { nil: undefined })

/** Only the first bytes of an image are ever read. */
const png = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
const images = (of: Capability.Images | undefined): fc.Arbitrary<ReadonlyArray<VideoRequest.Image> | undefined> => {
  if (of === undefined) return fc.constant(undefined)
  const forms: Readonly<Record<Capability.Images["as"][number], VideoRequest.Image>> = {
    url: "https://pictures.example.com/fox.png",
    data: `data:image/png;base64,${btoa(String.fromCodePoint(...png))}`,
    bytes: png
  }
  const all = fc.array(fc.constantFrom(...of.as.map((form) => forms[form])), { minLength: of.min, maxLength: of.max })
  return of.min === 0 ? fc.option(all, { nil: undefined }) : all
}

/** Ordinary prompts, and ones that trip up an encoder. */
const prompts = fc.oneof(
  fc.constantFrom("A red fox in the snow.", '"Quoted", and\nin two lines', "狐 in the 雪 🦊", "a=b&c=d; % + #"),
  fc.stringMatching(/^[a-zA-Z][ -~]{0,60}$/u)
)

const ofRow = (row: Capability.Capability): fc.Arbitrary<VideoRequest.VideoRequest> =>
  fc
    .record({
      mode: fc.constant(row.mode),
      model: fc.constant(row.model),
      prompt: row.prompt === "required" ? prompts : fc.option(prompts, { nil: undefined }),
      duration: row.duration === undefined ? fc.constant(undefined) : seconds(row.duration),
      aspectRatio: word(row.aspectRatio),
      resolution: word(row.resolution),
      images: images(row.images),
      video: fc.constant(row.video === undefined ? undefined : `https://videos.example.com/fox${row.video.suffix ?? ".mp4"}`)
    })
    .map((request) => Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined)))

/**
 * Requests that a provider's table of capabilities allows: any row, with any values that the row allows. They shrink to the first row and its
 * required fields.
 *
 * **Example** (Every request that the table allows is accepted)
 *
 * ```ts
 * import { definition } from "@reelay/providers/xai"
 * import { Arbitraries } from "@reelay/testing"
 * import * as fc from "fast-check"
 *
 * fc.assert(fc.property(Arbitraries.request(definition), ({ prompt, images }) => prompt !== undefined || images !== undefined))
 * ```
 *
 * @category arbitraries
 * @since 0.1.0
 */
export const request = ({
  capabilities
}: {
  readonly capabilities: ReadonlyArray<Capability.Capability>
}): fc.Arbitrary<VideoRequest.VideoRequest> => fc.oneof(...capabilities.map(ofRow))
