/**
 * `npm run bench -- mock`: how soon the command answers after its start, how many polls a second the mock answers, and what a million of them leave in
 * memory. The command is the built one, as a consumer has it. Nothing here is a test: one machine's numbers say nothing of another's.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as Mock from "../src/Mock.ts"

const { values } = parseArgs({
  // npm takes the `--` before them for itself, and pnpm hands it on.
  args: process.argv.slice(2).filter((each) => each !== "--"),
  options: { polls: { type: "string", default: "1000000" }, starts: { type: "string", default: "7" } }
})

const bin = fileURLToPath(new URL("../dist/bin.js", import.meta.url))
const headers = { authorization: "Bearer key" }

const whole = (name: string, text: string): number => {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new Error(`--${name} is ${text}; it must be a whole number of at least 1`)
}

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}

/** Milliseconds from the start of the process to its first answer. */
const coldStart = async (): Promise<number> => {
  const began = performance.now()
  const child = spawn(process.execPath, [bin, "--port", "0", "--quiet"], { stdio: ["ignore", "pipe", "inherit"] })
  try {
    const [base] = await once(createInterface(child.stdout), "line")
    const answer = await fetch(`${String(base).trim()}/__mock/health`)
    if (!answer.ok) throw new Error(`The mock is up, and its health is ${answer.status}`)
    return performance.now() - began
  } finally {
    child.kill()
  }
}

const mebibytes = (): string => {
  globalThis.gc?.()
  return `${Math.round(process.memoryUsage().heapUsed / 2 ** 20)} MiB of heap`
}

/** Polls one job that is asked about for ever, in the process itself: sockets would be what is measured. */
const polls = async (count: number): Promise<void> => {
  const mock = Mock.make({ now: () => Date.now() })
  const submitted = await mock.handle(
    new Request("http://mock/xai/v1/videos/generations", {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ model: "grok-imagine-video", prompt: "mock:script=by-hand" })
    })
  )
  const { request_id: id }: { readonly request_id?: unknown } = await submitted.json()
  if (typeof id !== "string") throw new Error(`The submission was answered with ${submitted.status}`)
  const step = Math.max(1, Math.floor(count / 10))
  say(`polls           0: ${mebibytes()}`)
  const began = performance.now()
  for (let done = 1; done <= count; done++) {
    const answer = await mock.handle(new Request(`http://mock/xai/v1/videos/${id}`, { headers }))
    await answer.arrayBuffer()
    if (done % step === 0) say(`polls ${String(done).padStart(11)}: ${mebibytes()}`)
  }
  const seconds = (performance.now() - began) / 1000
  say(`${Math.round(count / seconds)} polls a second`)
}

if (existsSync(bin)) {
  const starts: Array<number> = []
  for (let left = whole("starts", values.starts); left > 0; left--) starts.push(Math.round(await coldStart()))
  say(`cold start, in milliseconds: ${starts.toSorted((one, other) => one - other).join(" ")}`)
} else {
  say("cold start: not measured, since nothing is built; npm run build does that")
}
await polls(whole("polls", values.polls))
