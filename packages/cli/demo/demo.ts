/**
 * `npm run demo`: one job on each of the four providers, side by side, against the mock. No key, no money, under a minute.
 *
 * Two jobs succeed and are saved, one is refused by moderation, and one is left midway, to show what leaving means.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Artifact, Job, JobRef, JobState, type JobError, type Provider, type VideoRequest } from "@reelay/core"
import { serve } from "@reelay/mock-server/node"
import { Transport } from "@reelay/node"
import { cometapi, geeknow, xai, xingchao } from "@reelay/providers"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as Board from "../src/Board.ts"
import { clock } from "../src/Time.ts"

interface Scene {
  readonly provider: Provider.Provider<VideoRequest.VideoRequest>
  readonly request: VideoRequest.VideoRequest
  /** Stop watching after this long. */
  readonly leaveAfter?: Duration.Input
}

interface Summary {
  readonly provider: string
  readonly states: ReadonlyArray<string>
  readonly polls: number
  readonly millis: number
  readonly file: string
  readonly bytes: string
  readonly billed: string
  readonly note?: string
}

const { stderr, stdout } = process
const say = (text: string): Effect.Effect<void> => Effect.sync(() => void stdout.write(`${text}\n`))

const scenes = (url: string): ReadonlyArray<Scene> => [
  {
    provider: cometapi({ apiKey: "demo-key", baseUrl: `${url}/cometapi` }),
    request: { prompt: "A candle flickers on a wooden table.", duration: 3, resolution: "720p" }
  },
  {
    provider: xingchao({ apiKey: "demo-key", baseUrl: `${url}/xingchao` }),
    request: { prompt: "A red fox walks through fresh snow. mock:duration=20s", model: "grok_video3_max", duration: 12 },
    leaveAfter: "5 seconds"
  },
  {
    provider: geeknow({ apiKey: "demo-key", baseUrl: `${url}/geeknow` }),
    request: { prompt: "Rain on a city street at night.", aspectRatio: "3:2", duration: 6 }
  },
  {
    provider: xai({ apiKey: "demo-key", baseUrl: `${url}/xai` }),
    request: { prompt: "Something that a content filter refuses. mock:moderated", duration: 6 }
  }
]

/** One job until it ends or is left. Its row on the board is kept up to date. */
const play = Effect.fnUntraced(function* (
  { leaveAfter, provider, request }: Scene,
  folder: string,
  row: (row: Board.Row) => void
): Effect.fn.Return<Summary, JobError.JobError, HttpClient.HttpClient | FileSystem.FileSystem | Path.Path> {
  const since = yield* Clock.currentTimeMillis
  const { name, title } = provider.definition
  const path = yield* Path.Path
  const handle = yield* Job.submit(provider, request, { pace: "700 millis", deadline: "50 seconds" })
  const states: Array<string> = []
  const watched = leaveAfter === undefined ? handle.states : Stream.interruptWhen(handle.states, Effect.sleep(leaveAfter))
  yield* Stream.runForEach(watched, (state) =>
    Effect.sync(() => {
      if (states.at(-1) !== state._tag) states.push(state._tag)
      row({ label: name, state, since })
    })
  )
  const state = handle.current()
  const base = { provider: name, states, polls: state.polls, file: "–", bytes: "–", billed: "billed" in state ? state.billed : "–" }
  const saved = state._tag === "Succeeded" ? yield* Artifact.save(provider, state, path.join(folder, `${name}.mp4`)) : undefined
  const until = yield* Clock.currentTimeMillis
  const summary = { ...base, millis: until - since }
  if (saved !== undefined) {
    row({ label: name, state, since, until, text: "saved" })
    return { ...summary, file: path.relative(process.cwd(), saved.path), bytes: String(saved.bytes) }
  }
  if (JobState.isTerminal(state)) {
    row({ label: name, state, since, until })
    return summary
  }
  const outcome = yield* handle.cancel
  row({ label: name, state, since, until, text: "left here; it continues" })
  return {
    ...summary,
    states: [...states, "(left)"],
    note: `${name} was left midway. Leaving stops the polling, not the job: it continues at ${title}, and is billed.\nCancelling returns "${outcome}": ${title} documents no way to cancel. With a real provider you would return to it with\n  reelay attach '${JobRef.toUri(handle.ref)}'`
  }
})

/** A live board on a terminal; otherwise one line for each change. */
const board = Effect.gen(function* () {
  const rows = new Map<string, Board.Row>()
  if (!stderr.isTTY) {
    const last = new Map<string, string>()
    return (row: Board.Row): void => {
      const percent = row.state._tag === "Running" && row.state.progress !== undefined ? ` ${Math.floor(row.state.progress * 100)}%` : ""
      const text = `${row.label.padEnd(8)}  ${row.text ?? Board.describe(row.state)}${row.text === undefined ? percent : ""}`
      if (last.get(row.label) !== text) stderr.write(`${text}\n`)
      last.set(row.label, text)
    }
  }
  const live = Board.make({ columns: () => stderr.columns, write: (text) => void stderr.write(text) })
  const paint = Effect.map(Clock.currentTimeMillis, (now) => live.paint([...rows.values()], now))
  yield* Effect.forkScoped(Effect.repeat(paint, Schedule.spaced("100 millis")))
  yield* Effect.addFinalizer(() => paint)
  return (row: Board.Row): void => void rows.set(row.label, row)
})

const table = (rows: ReadonlyArray<Summary>): string => {
  const head = ["provider", "states seen", "polls", "time", "file", "bytes", "billed"]
  const body = rows.map(({ billed, bytes, file, millis, polls, provider, states }) => [
    provider,
    states.join(" → "),
    String(polls),
    clock(millis),
    file,
    bytes,
    billed
  ])
  const widths = head.map((title, column) => Math.max(title.length, ...body.map((cells) => cells[column]?.length ?? 0)))
  const line = (cells: ReadonlyArray<string>) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd()
  return [line(head), line(widths.map((width) => "─".repeat(width))), ...body.map(line)].join("\n")
}

const demo = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = path.resolve("videos")
  yield* files.makeDirectory(folder, { recursive: true })
  const { url } = yield* Effect.acquireRelease(
    Effect.promise(() => serve({ port: 0, duration: 8000 })),
    ({ close }) => Effect.promise(close)
  )
  yield* say(`The mock of four video APIs listens on ${url}. One job each, side by side:\n`)
  const summaries = yield* Effect.scoped(
    Effect.flatMap(board, (row) => Effect.forEach(scenes(url), (scene) => play(scene, folder, row), { concurrency: "unbounded" }))
  )
  yield* say(`\n${table(summaries)}\n`)
  for (const { note } of summaries) if (note !== undefined) yield* say(`${note}\n(here the mock stops now, and its jobs with it).\n`)
  yield* say(`The videos are in ${folder}: real MP4 files, whose picture shows the id of the job.`)
})

await Effect.runPromise(Effect.scoped(demo).pipe(Effect.provide(Layer.merge(Transport.layer(), NodeServices.layer))))
