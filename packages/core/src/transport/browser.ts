/** Where a request is sent from. Pure. */

/** A page or a worker of one. */
export const inBrowser = (): boolean => {
  const { navigator } = globalThis
  return typeof navigator === "object" && typeof navigator.userAgent === "string" && navigator.userAgent.startsWith("Mozilla/")
}
