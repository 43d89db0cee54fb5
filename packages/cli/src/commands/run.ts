/** `reelay run`: submit one job, watch it, save its video. */
import { Job, JobError, Provider, type VideoRequest } from "@reelay/core"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { Report } from "../Report.ts"
import { type Definition, definitions, find, names } from "../Registry.ts"
import { exitCodeTable } from "../ExitCode.ts"
import * as Session from "../Session.ts"
import type { Outcome } from "../Outcome.ts"
import { checkTarget, targetOf, watch } from "../watch.ts"
import { argument, keyOf, text, watching, whole } from "./flags.ts"

/** What a video is asked for by, besides its prompt. */
export const requesting = {
  model: text("model", "The provider's name for a model (default: its first; see reelay providers)"),
  mode: text("mode", "generate, edit or extend (default: generate, or edit if --video is given)"),
  duration: whole("duration", "Length in whole seconds"),
  aspectRatio: text("aspect-ratio", "Width to height, such as 16:9"),
  resolution: text("resolution", "Such as 720p"),
  image: Flag.String("image").pipe(Flag.atLeast(0), Flag.withDescription("An image: a file, or a URL. May be given several times")),
  video: text("video", "URL of the source video, to edit or extend")
}

const flags = {
  prompt: argument("prompt", "What the video shows"),
  provider: Flag.Literals("provider", names).pipe(Flag.withDescription("Whose API to use")),
  ...watching,
  ...requesting,
  label: text("label", "Your name for the job, shown by reelay jobs"),
  key: text("key", "Runs with the same key are one submission, which is paid for once, however often it is run"),
  maySubmitAgain: Flag.Boolean("may-submit-again").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Submit even if the same request had an unknown outcome less than ten minutes ago: it may be paid for twice")
  ),
  journal: Flag.Boolean("journal").pipe(
    Flag.withDefault(true),
    Flag.withDescription("Record the job until it is saved, for reelay resume. --no-journal: don't")
  )
}

export const run = (outcome: Outcome) =>
  Command.make("run", flags, (given) =>
    outcome(
      given,
      Effect.gen(function* () {
        const session = yield* Session.Current
        const definition = find(given.provider) ?? definitions[0]
        if (definition === undefined) return yield* Effect.die(new Error("the list of providers is not empty"))
        session.provider = definition.name
        const apiKey = yield* keyOf(definition.name, "submit", given.apiKey)
        yield* checkTarget(definition.name, "submit", given.out)
        const provider = Provider.configure(definition)({
          apiKey,
          baseUrl: given.baseUrl,
          headers: given.headers,
          userAgent: given.userAgent
        })
        const request = yield* requestOf(definition, given)
        session.submitting = true
        session.remembered = given.journal
        const services = yield* Effect.context<Session.Current | Report>()
        const handle = yield* Job.submit(provider, request, {
          pace: given.pace,
          deadline: given.deadline,
          raw: given.raw,
          label: given.label,
          key: given.key,
          maySubmitAgain: given.maySubmitAgain,
          saveTo: yield* targetOf(given.out),
          onSubmitted: (ref) =>
            Session.reportState({ _tag: "Submitted", ref, at: ref.submittedAt, polls: 0 }).pipe(Effect.provideContext(services)),
          onUnknown: (error) => Effect.sync(() => void (session.unknown = error))
        }).pipe(Effect.ensuring(Effect.sync(() => void (session.submitting = false))))
        return yield* watch(provider, handle, given.out, given)
      })
    )
  ).pipe(
    Command.withDescription(`Submit one job, watch it to its end, and save the video.\n\nExit codes:\n${exitCodeTable()}`),
    Command.withShortDescription("Submit one job, watch it to its end, and save the video"),
    Command.withExamples([
      { command: 'reelay run --provider xai "A candle flickers on a wooden table."', description: "Key from REELAY_XAI_API_KEY" },
      {
        command: 'reelay run --provider xingchao --model grok_video3_max --duration 20 --out fox.mp4 --json "A red fox in the snow."',
        description: "Twenty seconds, reported as JSON lines"
      }
    ])
  )

interface Given {
  readonly prompt: string
  readonly model: string | undefined
  readonly mode: string | undefined
  readonly duration: number | undefined
  readonly aspectRatio: string | undefined
  readonly resolution: string | undefined
  readonly image: ReadonlyArray<string>
  readonly video: string | undefined
}

const modes: ReadonlyMap<string, VideoRequest.Mode> = new Map([
  ["generate", "generate"],
  ["edit", "edit"],
  ["extend", "extend"]
])

/** The canonical request. A file that can't be read is refused before anything is sent. */
export const requestOf = Effect.fnUntraced(function* ({ name }: Definition, given: Given) {
  const refuse = (field: string, rule: string) =>
    new JobError.JobError({ reason: new JobError.InvalidRequest({ field, rule }), provider: name, operation: "submit", attempt: 0 })
  const mode = given.mode === undefined ? undefined : modes.get(given.mode)
  if (given.mode !== undefined && mode === undefined)
    return yield* refuse("mode", `is ${given.mode}, which isn't one of ${[...modes.keys()].join(", ")}`)
  const files = yield* FileSystem.FileSystem
  const images = yield* Effect.forEach(given.image, (image) =>
    /^(https?:\/\/|data:)/iu.test(image)
      ? Effect.succeed<VideoRequest.Image>(image)
      : Effect.mapError(files.readFile(image), () =>
          refuse("images", `name ${image}, which can't be read as a file, and isn't an http, https or data URL`)
        )
  )
  const { aspectRatio, duration, model, prompt, resolution, video } = given
  return { mode, prompt, model, duration, aspectRatio, resolution, images: images.length === 0 ? undefined : images, video }
})
