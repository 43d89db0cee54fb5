import type { Row } from "./Row.ts"

/** Every row by the name of its file, in the order of the tables. */
export const names = [
  "raw-net",
  "reelay-promise-node",
  "reelay-effect-node",
  "reelay-rxjs-node",
  "reelay-effect-http-client",
  "reelay-promise-fetch",
  "reelay-effect-fetch",
  "reelay-rxjs-fetch",
  "fetch-loop",
  "rxjs",
  "ai-xai",
  "tanstack-ai",
  "fal",
  "replicate",
  "openai"
] as const

export type Name = (typeof names)[number]

/** What every other row is compared with. */
export const reference = "fetch-loop" satisfies Name

export const isName = (text: string): text is Name => names.some((name) => name === text)

export const load = async (name: Name): Promise<Row> => {
  const { row }: { readonly row: Row } = await import(`./rows/${name}.ts`)
  return row
}
