/** The mock, and what of it the page shows beside its jobs. */
import { MagicPrompt, Script } from "@reelay/mock-server"
import { type MockServer, serve } from "@reelay/mock-server/node"
import type { Config, Heard } from "./config.ts"

export const mocked = (duration: number): Promise<MockServer> => serve({ port: 0, duration, cors: true })

/** Words that a form offers otherwise, or that mean the same as another one here. */
const elsewhere = new Set(["success", "duration", "fault", "script"])

export const configOf = ({ mock, url }: MockServer): Config => ({
  mock: url,
  lives: [
    ...MagicPrompt.magicWords
      .filter(({ value, word }) => value === undefined && !elsewhere.has(word))
      .map(({ what, word }) => ({ value: `mock:${word}`, name: word, what })),
    ...Script.library.map(({ name, what }) => ({ value: `mock:script=${name}`, name: `script ${name}`, what }))
  ],
  faults: mock.catalogue.kinds.map(({ endpoint, name, what }) => ({ value: name, name, what, endpoint }))
})

interface Row {
  readonly n: number
  readonly at: number
  readonly route: string
  readonly jobId?: string
  readonly status?: number
  readonly fault?: string
  readonly told?: "submitted" | "queued" | "running" | "ended"
  readonly retryAfter?: number
}

/** The newest polls, from a number on. */
export const pollsOf = async ({ mock, url }: MockServer, after: number): Promise<ReadonlyArray<Heard>> => {
  const answer = await mock.handle(new Request(`${url}/__mock/console.json`))
  const { journal }: { readonly journal: ReadonlyArray<Row> } = await answer.json()
  return journal
    .filter(({ n, route }) => route === "poll" && n > after)
    .flatMap(({ at, fault, jobId, n, retryAfter, status, told }) =>
      jobId === undefined
        ? []
        : [
            {
              n,
              job: jobId,
              at,
              ...(told === undefined ? {} : { told }),
              ...(status === undefined ? {} : { status }),
              ...(fault === undefined ? {} : { fault }),
              ...(retryAfter === undefined ? {} : { retryAfter })
            }
          ]
    )
    .toReversed()
}
