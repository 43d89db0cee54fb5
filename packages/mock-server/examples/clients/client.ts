/** A client of somebody else's, as a test plays it. */

/** What it hands out: a video, or a link to one. */
export type Came = { readonly bytes: Uint8Array } | { readonly link: string }

export interface Client {
  readonly name: string
  /** The provider of the mock that it is a client of. */
  readonly provider: "xai" | "geeknow"
  /** What it makes of a job that ended: it hands out the link, or has the file from there, or from an endpoint of the API's. */
  readonly takes: "link" | "file by link" | "file by endpoint"
  /** Makes a video at a base URL, and gives up after so many milliseconds, if it can. */
  readonly make: (base: string, deadline: number) => Promise<Came>
}

/** Milliseconds between two polls. Their usual ones are seconds; the mock's jobs move by polls. */
export const interval = 50

export const prompt = "A candle"
