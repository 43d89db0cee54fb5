import { ofEach } from "./names.ts"

/** The smallest good request of each provider's first endpoint, and where its jobs are asked for. */
export const endpoints = ofEach(({ poll, submits: [first] }) => {
  const { model } = first?.example ?? {}
  const body: Readonly<Record<string, unknown>> = model === undefined ? {} : { model }
  return { submit: first?.path ?? "", body, poll: (id: string): string => poll.replace("{id}", id) }
})
