// `node scripts/demoPicture.mjs`: draws docs/images/demo.svg and demo-narrow.svg from a real run of `npm run demo`, one as wide as a page and
// one for a telephone. A test says when they no longer show what the demo prints.
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))

/** What stands before each board but the first: up to its first line, and clear from there. */
const redrawn = new RegExp(String.raw`\r${"\u001B"}\[\d+A${"\u001B"}\[J`)

/** Runs the demo as on a terminal of so many columns. `frames` are what its board showed, with the milliseconds since the first. */
export const played = (columns) =>
  new Promise((resolve, reject) => {
    const cwd = mkdtempSync(join(tmpdir(), "reelay-demo-"))
    const terminal = `data:text/javascript,Object.assign(process.stderr,{isTTY:true,columns:${columns}})`
    const child = spawn(process.execPath, ["--import", terminal, join(root, "scripts/run.mjs"), "demo"], {
      cwd,
      env: { ...process.env, NODE_OPTIONS: `--import ${terminal}`, INIT_CWD: cwd }
    })
    let text = ""
    const frames = []
    let first
    child.stdout.on("data", (chunk) => (text += String(chunk)))
    child.stderr.on("data", (chunk) => {
      first ??= performance.now()
      for (const part of String(chunk).split(redrawn)) {
        if (part.trim() !== "") frames.push({ at: performance.now() - first, lines: part.trimEnd().split("\n") })
      }
    })
    child.on("error", reject)
    child.on("close", (code) => {
      rmSync(cwd, { recursive: true, force: true })
      if (code === 0) resolve({ frames, text })
      else reject(new Error(`The demo ended with exit code ${code}`))
    })
  })

/** The table of what became of the jobs. */
export const tableOf = (text) => {
  const lines = text.split("\n")
  const rule = lines.findIndex((line) => line.startsWith("──"))
  return lines.slice(rule - 1, lines.indexOf("", rule))
}

const size = { char: 8.4, line: 20, edge: 16, bar: 30 }

const style = `
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #e6edf3; white-space: pre }
.window { fill: #0d1117; stroke: #30363d }
.quiet { fill: #9198a1 }
.good { fill: #3fb950 }
.bad { fill: #ff7b72 }
.left { fill: #d29922 }
.busy { fill: #58a6ff }
.frame { visibility: hidden; animation-fill-mode: forwards; animation-timing-function: step-end }
@media (prefers-reduced-motion: reduce) { .frame { animation: none !important } .last { visibility: visible } }
`

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

const kindOf = (line) => {
  if (/\b(?:saved|succeeded|Succeeded)\b/.test(line)) return "good"
  if (/\b(?:failed|Failed)\b/.test(line)) return "bad"
  return /\bleft\b/.test(line) ? "left" : "busy"
}

/** A line of text; `textLength` holds the columns together, whatever font there is. */
const drawn = (line, y, kind = "") => {
  const length = [...line].length
  return line.trim() === ""
    ? ""
    : `<text x="${size.edge}" y="${y}" textLength="${(length * size.char).toFixed(1)}"${kind === "" ? "" : ` class="${kind}"`} xml:space="preserve">${escaped(line)}</text>`
}

const wrapped = (text, columns) => {
  const lines = [""]
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`.trimStart()
    if (longer.length <= columns) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

/** The picture: the board lives through its frames, and what is printed below it appears with the last. */
export const picture = ({ frames, text }, columns, table) => {
  const head = ["$ npm run demo", ...wrapped(text.split("\n")[0] ?? "", columns), ""]
  const tail = table ? ["", ...tableOf(text)] : []
  const board = Math.max(...frames.map(({ lines }) => lines.length))
  const width = Math.ceil(columns * size.char + 2 * size.edge)
  const top = size.bar + size.line
  const height = top + (head.length + board + tail.length) * size.line
  const yOf = (row) => top + row * size.line
  // Two a second are enough to see them move; the last stays.
  const shown = frames.filter(
    ({ at }, index) => index === frames.length - 1 || Math.floor(at / 500) !== Math.floor((frames[index - 1]?.at ?? -500) / 500)
  )
  const end = shown.at(-1).at
  const css = []
  const groups = shown.map(({ at, lines }, index) => {
    const isLast = index === shown.length - 1
    const [from, to] = [at, shown[index + 1]?.at].map((time) => (time === undefined ? undefined : ((100 * time) / end).toFixed(2)))
    css.push(
      isLast
        ? `@keyframes f${index} { 0% { visibility: hidden } 99.99%, 100% { visibility: visible } }`
        : `@keyframes f${index} { 0% { visibility: hidden } ${from}% { visibility: visible } ${to}%, 100% { visibility: hidden } }`
    )
    const rows = lines.map((line, row) => drawn(line, yOf(head.length + row), kindOf(line)))
    const below = isLast ? tail.map((line, row) => drawn(line, yOf(head.length + board + row), row < 3 ? "quiet" : kindOf(line))) : []
    return `<g class="frame${isLast ? " last" : ""}" style="animation-name:f${index};animation-duration:${(end / 1000).toFixed(1)}s">\n${[...rows, ...below].filter(Boolean).join("\n")}\n</g>`
  })
  const dots = [0, 1, 2].map((dot) => `<circle class="quiet" cx="${size.edge + 5 + dot * 18}" cy="${size.bar / 2 + 2}" r="5"/>`)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="npm run demo, in a terminal">`,
    `<style>${style}${css.join("\n")}\n</style>`,
    `<rect class="window" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>`,
    ...dots,
    ...head.map((line, row) => drawn(line, yOf(row), row === 0 ? "" : "quiet")).filter(Boolean),
    ...groups,
    "</svg>",
    ""
  ].join("\n")
}

const unescaped = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&")
const linesOf = (part) => Array.from(part.matchAll(/<text[^>]*>([^<]*)<\/text>/g), ([, line]) => unescaped(line))

/** What a picture says at its end: the lines of text that are always there, and those of its last frame. */
export const textOf = (svg) => [
  ...linesOf(svg.slice(0, svg.indexOf('<g class="frame"'))),
  ...linesOf(svg.slice(svg.indexOf('<g class="frame last"')))
]

export const pictures = [
  { file: "docs/images/demo.svg", columns: 100, table: true },
  { file: "docs/images/demo-narrow.svg", columns: 56, table: false }
]

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { columns, file, table } of pictures) writeFileSync(join(root, file), picture(await played(columns), columns, table))
}
