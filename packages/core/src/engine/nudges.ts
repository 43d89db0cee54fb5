/**
 * In a page: coming back online and a tab that becomes visible bring the next poll forward, to as soon as it is allowed. Elsewhere nothing happens.
 */

interface Nudged {
  readonly nudge: () => void
}

const watched = new Set<Nudged>()
let isListening = false

const nudgeAll = (): void => {
  for (const each of Array.from(watched)) each.nudge()
}

/** The page's document, if this is a page. A worker has none, and gets neither event. */
const page = (): Pick<Document, "addEventListener" | "visibilityState"> | undefined => {
  const { document } = globalThis
  return typeof document === "object" && typeof globalThis.addEventListener === "function" ? document : undefined
}

/** From now on a session is nudged. The listeners are the page's, one for all jobs, and stay. */
export const watch = (session: Nudged): void => {
  const document = page()
  if (document === undefined) return
  watched.add(session)
  if (isListening) return
  isListening = true
  globalThis.addEventListener("online", nudgeAll)
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") nudgeAll()
  })
}

export const leave = (session: Nudged): void => void watched.delete(session)
