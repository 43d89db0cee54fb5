/** The program that does what was just done, in each of the four ways. Pure; a test compiles each of them. */
import type { Chosen } from "./options.ts"

export type Mode = "direct" | "relay"
export const ways = ["React", "RxJS", "Promise", "Effect"] as const
export type Way = (typeof ways)[number]

export interface Done extends Chosen {
  readonly mode: Mode
  readonly provider: string
  readonly model: string
  readonly prompt: string
  /** Where the mock answers for the provider. */
  readonly baseUrl: string
}

const requestOf = ({ aspectRatio, duration, mode, model, prompt, provider, resolution }: Done): string => {
  const fields = Object.entries({ provider: mode === "relay" ? provider : undefined, prompt, model, duration, aspectRatio, resolution })
  return fields
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`)
    .join(",\n")
}

const requested = (done: Done): string => `const request = {\n${requestOf(done)}\n}`

const providerOf = ({ baseUrl, provider }: Done): string => `const provider = ${provider}({ apiKey: "any-key", baseUrl: "${baseUrl}" })`

const clientOf = (done: Done): { readonly imports: string; readonly code: string } =>
  done.mode === "relay"
    ? { imports: `import { relay } from "@reelay/relay/client"`, code: `const client = relay({ url: "/api/video" })` }
    : {
        imports: `import { createClient, inStorage } from "@reelay/core/promise"\nimport { ${done.provider} } from "@reelay/providers/${done.provider}"`,
        code: `${providerOf(done)}\nconst client = createClient({ provider, journal: inStorage(() => localStorage) })`
      }

const react = (done: Done): string => {
  const { code, imports } = clientOf(done)
  return `import { useVideo, useVideoUrl } from "@reelay/react"
${imports}

${code}
${requested(done)}

export const Film = () => {
  const { cancel, isPending, job, progress, submit } = useVideo(client)
  const { url } = useVideoUrl(job)
  if (url !== undefined) return <video controls src={url} />
  return (
    <>
      <button onClick={() => submit(request)}>Make it</button>
      {isPending && <progress value={progress} />}
      {isPending && <button onClick={cancel}>Cancel</button>}
    </>
  )
}
`
}

const rxjs = (done: Done): string =>
  done.mode === "relay"
    ? `import { relay } from "@reelay/relay/client"
import { defer, from, switchMap } from "rxjs"

const client = relay({ url: "/api/video" })
${requested(done)}

defer(() => client.submit(request))
  .pipe(switchMap((job) => from(job)))
  .subscribe((state) => console.log(state._tag))
`
    : `import { inStorage, submit$ } from "@reelay/core/rxjs"
import { ${done.provider} } from "@reelay/providers/${done.provider}"

${providerOf(done)}
${requested(done)}

submit$(provider, request, { journal: inStorage(() => localStorage) })
  .subscribe((state) => console.log(state._tag))
`

const promise = (done: Done): string => {
  const { code, imports } = clientOf(done)
  return `${imports}

${code}
${requested(done)}

const job = await client.submit(request)
for await (const state of job) console.log(state._tag)
document.querySelector("video")!.src = await job.url()
`
}

const effect = (done: Done): string =>
  done.mode === "relay"
    ? `import { relay } from "@reelay/relay/client"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const client = relay({ url: "/api/video" })
${requested(done)}

const program = Effect.gen(function* () {
  const job = yield* Effect.tryPromise((signal) => client.submit(request, { signal }))
  yield* Stream.runForEach(Stream.fromAsyncIterable(job, (error) => error), (state) => Effect.log(state._tag))
})
await Effect.runPromise(program)
`
    : `import { Job } from "@reelay/core"
import { ${done.provider} } from "@reelay/providers/${done.provider}"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Stream from "effect/Stream"

${providerOf(done)}
${requested(done)}

const program = Effect.gen(function* () {
  const job = yield* Job.submit(provider, request)
  yield* Stream.runForEach(job.states, (state) => Effect.log(state._tag))
})
await Effect.runPromise(Effect.provide(program, FetchHttpClient.layer))
`

const writers: Readonly<Record<Way, (done: Done) => string>> = { React: react, RxJS: rxjs, Promise: promise, Effect: effect }

export const snippet = (way: Way, done: Done): string => writers[way](done)
