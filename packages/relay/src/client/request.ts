/** A request as JSON. */
import type { Image } from "@reelay/core/VideoRequest"

/** The fields of a request, and the name of a provider. */
export const written = async (given: object, more: object): Promise<string> => {
  const { images, provider, ...request }: { readonly images?: ReadonlyArray<Image>; readonly provider?: unknown } = given
  const encoded = images && (await Promise.all(images.map((await import("./images.ts")).imageOf)))
  return JSON.stringify({ provider, request: { ...request, images: encoded }, ...more })
}
