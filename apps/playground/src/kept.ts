/** What the browser keeps for this page: a choice, or when states were first seen. Storage that is blocked or full loses it, and nothing else. */
export const read = (name: string): string | undefined => {
  try {
    return localStorage.getItem(`reelay-playground:${name}`) ?? undefined
  } catch {
    return undefined
  }
}

export const write = (name: string, value: string): void => {
  try {
    localStorage.setItem(`reelay-playground:${name}`, value)
  } catch {
    // It is a convenience.
  }
}
