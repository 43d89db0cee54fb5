/** The mock's time: the one it was given, one that stands until it is moved, or one that follows its clients. */

/**
 * What moves the mock's time. `given`: the `now` that it was made with. `frozen`: nothing but `POST /__mock/clock`. `lockstep`: besides that, the
 * `x-client-now` of each request, which is the client's own clock.
 */
export type Mode = "given" | "frozen" | "lockstep"

/** The header in which a client tells its time in lock step: milliseconds since the epoch. */
const clientNow = "x-client-now"

/** Up to the year 2223: a Date has some way to go from there, and a sum of two stays exact. */
export const latest = 8_000_000_000_000

/** A year: no job takes longer, and no link is good for longer. */
export const longest = 365 * 24 * 3_600_000

/** What is wrong with a time; `undefined` if nothing is. */
export const refuseTime = (at: number): string | undefined =>
  at >= 0 && at <= latest ? undefined : `a time is from 0 to ${latest} milliseconds since the epoch, not ${at}`

export class Time {
  private readonly given: () => number
  private readonly firstMode: Mode
  private readonly starts: number | undefined
  private current: Mode
  private at: number
  /** When a time that is not the given one began. */
  private begun: number
  /** How far it is ahead of the given time, since it was moved on: a job does not get younger. */
  private ahead = 0
  /** Nobody has said yet when it begins. */
  private isOpen: boolean

  /** `starts`: where a time begins that is not the given one. Absent, in lock step: with the first client that tells its own. */
  constructor(given: () => number, mode: Mode, starts?: number) {
    this.given = given
    this.firstMode = mode
    this.starts = starts
    this.current = mode
    this.at = starts ?? given()
    this.begun = this.at
    this.isOpen = mode === "lockstep" && starts === undefined
  }

  get mode(): Mode {
    return this.current
  }

  get first(): number {
    return this.begun
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.current === "given" ? this.given() + this.ahead : this.at
  }

  /** From now on moved by something else; it stands where it is, or goes on from there. */
  setMode(mode: Mode): void {
    if (mode === this.current) return
    this.at = this.now()
    this.ahead = Math.max(0, this.at - this.given())
    this.current = mode
    this.isOpen = false
  }

  /** Moves it on; never back, since a job does not get younger. Throws on what is no time. */
  set(at: number): void {
    const problem = refuseTime(at)
    if (problem !== undefined) throw new RangeError(problem)
    this.at = Math.max(this.at, at)
    this.isOpen = false
  }

  /** From now on it is no client's any more to say when it begins: something has happened in it. */
  close(): void {
    this.isOpen = false
  }

  /** Learns the client's time from a request, or says what is wrong with it. */
  hear(headers: Headers): string | undefined {
    const said = headers.get(clientNow)
    if (this.current !== "lockstep" || said === null) return undefined
    const at = said.trim() === "" ? Number.NaN : Number(said)
    const problem = refuseTime(at)
    if (problem !== undefined) return `${clientNow}: ${problem}`
    if (this.isOpen) {
      this.at = at
      this.begun = at
    }
    this.set(at)
    return undefined
  }

  reset(): void {
    this.current = this.firstMode
    this.at = this.starts ?? this.given()
    this.begun = this.at
    this.ahead = 0
    this.isOpen = this.firstMode === "lockstep" && this.starts === undefined
  }
}
