/** An answer as data; a host makes a Response of it. */
export interface Answer {
  readonly status: number
  /** Text is sent as it is, bytes too, `undefined` as an empty body, anything else as JSON. */
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}
