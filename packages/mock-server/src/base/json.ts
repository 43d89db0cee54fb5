/** The body of a request to the mock itself: JSON, or nothing. What can't be read is no JSON. */

/** `json` is `undefined` if there is no body. */
export const jsonOf = async (request: Request): Promise<{ readonly json: unknown } | { readonly problem: string }> => {
  const text = await request.text().catch(() => "{")
  if (text.trim() === "") return { json: undefined }
  try {
    return { json: JSON.parse(text) }
  } catch (error) {
    return { problem: `The body isn't JSON: ${error instanceof Error ? error.message : String(error)}` }
  }
}
