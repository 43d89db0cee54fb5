/** An answer that a document shows, or that was seen: `request` is a method and a path, or "any". */
export interface Recorded {
  readonly request: string
  readonly source: { readonly document: string; readonly heading: string; readonly url: string }
  /** How sure it is: `documented`, `observed` or `assumed`. */
  readonly evidence: { readonly shape?: string; readonly body: string; readonly status: string }
  readonly status: number
  readonly body: unknown
}
