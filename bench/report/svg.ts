/** The picture: bars, drawn by hand. It has two dresses, for readers of light and of dark pages. */
import type { Figures } from "./Figures.ts"
import type { Titled } from "./markdown.ts"
import { number } from "./units.ts"

interface Bar {
  readonly label: string
  readonly group: Titled["row"]["group"]
  readonly value: number
}

interface Panel {
  readonly title: string
  readonly unit: string
  readonly bars: ReadonlyArray<Bar>
  /** A line across the bars, for what is compared with. */
  readonly at?: number
}

const width = 880
const labelWidth = 250
const bar = 15
const gap = 6
const head = 46

const style = `
text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
.title { font-size: 14px; font-weight: 600 }
.quiet { fill: #59636e }
.Reelay { fill: #0969da }
.others { fill: #aeb6bf }
.limit { fill: #7d8590 }
text.strong { font-weight: 600; fill: #1f2328 }
line { stroke: #59636e; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) {
  text, text.strong { fill: #e6edf3 }
  .quiet { fill: #9198a1 }
  .Reelay { fill: #4493f8 }
  .others { fill: #59636e }
  .limit { fill: #7d8590 }
  line { stroke: #9198a1 }
}
`

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

const heightOf = ({ bars }: Panel): number => head + bars.length * (bar + gap) + 14

const classOf = (group: Bar["group"]): string => (group === "Reelay" || group === "limit" ? group : "others")

const drawn = ({ at, bars, title, unit }: Panel, top: number): string => {
  const room = width - labelWidth - 90
  const most = Math.max(...bars.map(({ value }) => value), at ?? 0)
  const scaled = (value: number): number => (most === 0 ? 0 : (value / most) * room)
  const lines = bars.map(({ group, label, value }, index) => {
    const y = top + head + index * (bar + gap)
    const middle = y + bar - 3
    const strong = group === "Reelay" ? ` class="strong"` : ""
    return [
      `<text x="${labelWidth - 8}" y="${middle}" text-anchor="end"${strong}>${escaped(label)}</text>`,
      `<rect class="${classOf(group)}" x="${labelWidth}" y="${y}" width="${Math.max(1, scaled(value)).toFixed(1)}" height="${bar}" rx="2"/>`,
      `<text x="${(labelWidth + scaled(value) + 6).toFixed(1)}" y="${middle}"${strong}>${number(value)}</text>`
    ].join("\n")
  })
  const reference = at === undefined ? [] : [rule(labelWidth + scaled(at), top + head - 6, top + head + bars.length * (bar + gap))]
  return [
    `<text class="title" x="8" y="${top + 20}">${escaped(title)}</text>`,
    `<text class="quiet" x="8" y="${top + 36}">${escaped(unit)}</text>`,
    ...reference,
    ...lines
  ].join("\n")
}

const rule = (x: number, from: number, to: number): string => `<line x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" y1="${from}" y2="${to}"/>`

export interface Pictures {
  /** What the README shows. */
  readonly first: string
  readonly others: string
}

export const pictures = (rows: ReadonlyArray<Titled>, figures: Figures): Pictures => {
  const bars = (read: (name: Titled["name"]) => number | undefined): ReadonlyArray<Bar> =>
    rows.flatMap(({ name, row }) => {
      const value = read(name)
      // Less than nothing is noise, or memory that the process had before and gave back.
      return value === undefined ? [] : [{ label: row.title, group: row.group, value: Math.max(0, value) }]
    })
  const weighed = (read: (memory: ReturnType<Figures["memory"]>) => number | undefined, what: string): ReadonlyArray<Panel> => {
    const jobs = figures.weighed.findLast((each) => each <= 10_000)
    if (jobs === undefined) return []
    const kilobytes = (name: Titled["name"]): number | undefined => {
      const bytes = read(figures.memory(name, jobs))
      return bytes === undefined ? undefined : bytes / 1000
    }
    return [{ title: `${what} of a waiting job, ${jobs.toLocaleString("en-US")} jobs`, unit: "KB; less is better", bars: bars(kilobytes) }]
  }
  const polls = figures.polled.map((jobs): Panel => ({
    title: `CPU a poll, ${jobs.toLocaleString("en-US")} jobs`,
    unit: "times what a fetch loop written by hand takes; less is better",
    bars: bars((name) => figures.poll(name, jobs).ratio),
    at: 1
  }))
  return {
    first: svg([...polls, ...weighed(({ heap }) => heap, "Heap")]),
    others: svg([
      ...weighed(({ rss }) => rss, "RSS"),
      {
        title: "Submission, CPU to the first poll's answer",
        unit: "times what a fetch loop written by hand takes; less is better",
        bars: bars((name) => figures.submit(name).ratio),
        at: 1
      },
      { title: "Submissions a second", unit: "more is better", bars: bars((name) => figures.submit(name).aSecond) },
      { title: "CPU of an abort", unit: "microseconds a job; less is better", bars: bars((name) => figures.signals(name)?.cpu) },
      {
        title: "From the end of a job until its promise is settled",
        unit: "milliseconds on the average, of an interval of 500; half of it at best",
        bars: bars((name) => figures.lag(name).mean)
      },
      {
        title: "CPU of telling one subscriber more of a state",
        unit: "microseconds; less is better; rows that tell only one are left out",
        bars: bars((name) => figures.subscriber(name))
      }
    ])
  }
}

const svg = (panels: ReadonlyArray<Panel>): string => {
  const all = panels.filter(({ bars }) => bars.length > 0)
  const height = all.reduce((sum, panel) => sum + heightOf(panel), 8)
  let top = 4
  const parts = all.map((panel) => {
    const part = drawn(panel, top)
    top += heightOf(panel)
    return part
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="What waiting for jobs costs">`,
    `<style>${style}</style>`,
    ...parts,
    "</svg>\n"
  ].join("\n")
}
