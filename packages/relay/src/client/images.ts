/** Images as base64, in the form that the relay decodes. Loaded with the first request that has one. */
import type { Image } from "@reelay/core/VideoRequest"

/** The type of its content is read from its bytes in any case. */
export const imageOf = async (image: Image): Promise<unknown> => {
  if (typeof image === "string") return image
  const bytes = new Uint8Array(await new Blob([image instanceof Blob ? image : new Uint8Array(image)]).arrayBuffer())
  let text = ""
  for (const byte of bytes) text += String.fromCharCode(byte)
  return { _tag: "Bytes", base64: btoa(text) }
}
