/** What a row of the bench is: one way to submit a job and wait for its video. */

/** Where the server is, and how long to wait between two polls. */
export interface Place {
  readonly base: string
  /** Milliseconds. */
  readonly interval: number
}

interface Stops {
  readonly stop: () => void
}

/** A job that is waited for, and what the library gives to stop waiting. */
export interface Waiting extends Stops {
  /** The link of the video. Rejects once it was stopped. */
  readonly video: Promise<string>
}

export interface Client {
  /** Submits one job and waits for the link of its video. Rejects after an abort. */
  readonly video: (signal?: AbortSignal) => Promise<string>
  /** The same, stopped by a handle of the library's own: a subscription, a fiber. Absent: it takes an AbortSignal and nothing else. */
  readonly handle?: () => Waiting
  /** Submits one job and tells so many subscribers of each of its states. Absent: one job has one listener. */
  readonly share?: (subscribers: number, told: () => void) => Stops | Promise<Stops>
  readonly close?: () => unknown
}

export interface Row {
  /** Its name in tables. */
  readonly title: string
  readonly group: "limit" | "by hand" | "library" | "Reelay"
  /** By what a row of Reelay's sends: its goals depend on that. */
  readonly transport?: "node" | "http-client" | "fetch"
  /** Whether it polls as soon as the job is submitted, or waits one interval before. */
  readonly firstPoll: "at once" | "after an interval"
  /** The packages that are measured; their versions stand beside the numbers. */
  readonly packages: ReadonlyArray<string>
  readonly make: (place: Place) => Client | Promise<Client>
}
