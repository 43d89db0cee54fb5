import { endOf, picture, type Picture, type Segment, type Tick, type Timeline } from "../model/timeline.ts"
import { useNow } from "../useNow.ts"

interface Props {
  readonly timeline: Timeline
  readonly isLive: boolean
  readonly progress: number | undefined
  /** When it would end. */
  readonly eta: number | undefined
}

const percent = (fraction: number): string => `${(fraction * 100).toFixed(3)}%`
const seconds = (millis: number): string =>
  millis < 60_000 ? `${(millis / 1000).toFixed(millis < 10_000 ? 1 : 0)} s` : `${(millis / 60_000).toFixed(1)} min`

/** The life of a job: states above, polls below, over one axis of time. */
export const Track = ({ eta, isLive, progress, timeline }: Props) => {
  const now = useNow(isLive)
  const shown = picture(timeline, now)
  const end = endOf(timeline)
  return (
    <figure className="timeline">
      <div aria-label={inWords(shown)} role="img">
        <div className="track">
          {shown.segments.map((segment) => (
            <Bar key={segment.tag} {...segment} />
          ))}
          {isLive && <span className="head" style={{ left: percent(shown.head) }} />}
          {end !== undefined && <span className={`end ${end.tag}`} style={{ left: percent(shown.head) }} />}
        </div>
        <div className="polls">
          {shown.ticks.map((tick) => (
            <Mark key={tick.n} {...tick} />
          ))}
        </div>
        <div className="axis">
          {shown.marks.map(({ millis, start }) => (
            <span key={start} style={{ left: percent(start) }}>
              {millis < 60_000 ? `${millis / 1000} s` : `${millis / 60_000} min`}
            </span>
          ))}
        </div>
      </div>
      <figcaption>{caption(shown, isLive ? { progress, left: eta === undefined ? undefined : Math.max(0, eta - now) } : {})}</figcaption>
    </figure>
  )
}

const Bar = ({ length, millis, start, tag }: Segment) => (
  <span className={`segment ${tag}`} style={{ left: percent(start), width: percent(length) }} title={`${tag}, ${seconds(millis)}`}>
    <b>{tag}</b>
  </span>
)

const Mark = ({ answer, isFailed, start, wait }: Tick) => (
  <>
    {wait > 0 && <span className="wait" style={{ left: percent(start), width: percent(wait) }} />}
    <span className={isFailed ? "tick failed" : "tick"} style={{ left: percent(start) }} title={`Poll: ${answer}`} />
  </>
)

const counted = ({ ticks }: Picture): string => {
  const failed = ticks.filter(({ isFailed }) => isFailed).length
  return `${ticks.length} ${ticks.length === 1 ? "poll" : "polls"}${failed === 0 ? "" : `, ${failed} failed`}`
}

interface Outlook {
  readonly progress?: number | undefined
  readonly left?: number | undefined
}

const caption = (shown: Picture, { left, progress }: Outlook): string => {
  const asked = shown.ticks.findLast(({ retryAfter }) => retryAfter !== undefined)?.retryAfter
  return [
    ...(progress === undefined ? [] : [`${Math.round(progress * 100)} %`]),
    ...(left === undefined ? [] : [`about ${Math.ceil(left / 1000)} s left`]),
    seconds(shown.elapsed),
    counted(shown),
    ...(asked === undefined ? [] : [`Retry-After ${seconds(asked)}`])
  ].join(" · ")
}

const inWords = (shown: Picture): string =>
  [...shown.segments.map(({ millis, tag }) => `${tag} for ${Math.round(millis / 1000)} s`), counted(shown)].join(", ")
