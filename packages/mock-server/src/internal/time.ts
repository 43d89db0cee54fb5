/** The mock's time: the one it was given, one that stands until it is moved, or one that follows its clients. */

/**
 * What moves the mock's time. `given`: the `now` that it was made with. `frozen`: nothing but `POST /__mock/clock`. `lockstep`: besides that, the
 * `x-client-now` of each request, which is the client's own clock.
 */
export type Mode = "given" | "frozen" | "lockstep"

/** The header in which a client tells its time in lock step: milliseconds since the epoch. */
const clientNow = "x-client-now"

export class Time {
  private readonly given: () => number
  private readonly first: Mode
  private readonly starts: number | undefined
  private current: Mode
  private at: number

  /** `starts`: where a time begins that is not the given one. */
  constructor(given: () => number, mode: Mode, starts?: number) {
    this.given = given
    this.first = mode
    this.starts = starts
    this.current = mode
    this.at = starts ?? given()
  }

  get mode(): Mode {
    return this.current
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.current === "given" ? this.given() : this.at
  }

  /** From now on moved by something else; it stands where it is. */
  turn(mode: Mode): void {
    this.at = this.now()
    this.current = mode
  }

  /** Moves it on; never back, since a job does not get younger. */
  set(at: number): void {
    this.at = Math.max(this.at, at)
  }

  /** Learns the client's time from a request. */
  hear(headers: Headers): void {
    const said = headers.get(clientNow)
    if (this.current === "lockstep" && said !== null && Number.isFinite(Number(said))) this.set(Number(said))
  }

  reset(): void {
    this.current = this.first
    this.at = this.starts ?? this.given()
  }
}
