/** What the page is told when it is loaded. Types alone: the page imports it as well. */
export interface Config {
  /** Where the mock is, for jobs that the page asks for itself. */
  readonly mock: string
  /** The lives that a job of the mock can have, each as the words of a prompt. */
  readonly lives: ReadonlyArray<Option>
  readonly faults: ReadonlyArray<Option & { readonly endpoint: string }>
}

interface Option {
  readonly value: string
  readonly name: string
  readonly what: string
}

/** A poll that the mock has had, of a job by the provider's id. */
export interface Heard {
  readonly n: number
  readonly job: string
  readonly at: number
  readonly status?: number
  readonly fault?: string
  /** Where the job is, by its answer; absent if that did not come whole, or did not say. */
  readonly told?: "submitted" | "queued" | "running" | "ended"
  readonly retryAfter?: number
}

export interface Polls {
  readonly polls: ReadonlyArray<Heard>
  /** The provider's id of each job of the relay, by the name that the page gave it: a page of the relay knows no other. */
  readonly names: Readonly<Record<string, string>>
  /** The newest number. */
  readonly last: number
}
