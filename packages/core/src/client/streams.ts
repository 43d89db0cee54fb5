/** What a client does by streams. Loaded with the first loop, since a page that shows one job needs none. */
import type * as Context from "effect/Context"
import * as Stream from "effect/Stream"
import { runAll, type RunAllOptions } from "../engine/batch.ts"
import { resumeAll, type ResumeOptions } from "../engine/resume.ts"
import * as Journal from "../journal/Journal.ts"
import type { Provider } from "../provider/Provider.ts"
import type { ApiTransport } from "../transport/Transport.ts"
import { iterated } from "./iterated.ts"

/** What each of them needs. */
interface Running {
  readonly services: Context.Context<ApiTransport>
  readonly signals: ReadonlyArray<AbortSignal | undefined>
}

export const batched = <Request>(
  provider: Provider<Request>,
  requests: Iterable<readonly [key: string, request: Request]>,
  options: RunAllOptions,
  { services, signals }: Running
) => iterated(Stream.provideContext(runAll(provider, requests, options), services), ...signals)

export const resumed = (
  provider: Provider<never>,
  journal: Journal.Journal["Service"] | undefined,
  isOurs: (entry: Journal.Entry) => boolean,
  options: ResumeOptions,
  { services, signals }: Running
) => {
  if (journal === undefined) return iterated(Stream.empty, ...signals)
  const events = Stream.provideService(resumeAll([provider], options, isOurs), Journal.Journal, journal)
  return iterated(Stream.provideContext(events, services), ...signals)
}
