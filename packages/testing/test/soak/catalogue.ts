/** All that the mock can be asked for in a prompt, as the soak asks for it: each magic word, and each fault that has none. */
import { MagicPrompt } from "@reelay/mock-server"
import { catalogue as shown } from "@reelay/mock-server/providers"

export interface Word {
  /** As in `fail`, or `fault=poll-body-stall`: what it is called in the coverage. */
  readonly name: string
  /** Of one group only one may stand in a prompt. */
  readonly group: string | undefined
  /** The name of the fault, which the mock's journal has where it shows. */
  readonly fault: string | undefined
  readonly takesTime: boolean
  /** Whose prompts may have it. Default: everybody's. */
  readonly only: ReadonlyArray<string> | undefined
  /** Whether it shows only where the video is fetched. */
  readonly needsDownload: boolean
}

const { magicWords } = MagicPrompt

const words: ReadonlyArray<Word> = magicWords
  .filter(({ word }) => word !== "fault" && word !== "script")
  .map(({ group, sets: { fault }, value, word }) => ({
    name: word,
    group,
    fault,
    takesTime: value !== undefined,
    only: undefined,
    needsDownload: group === "shape" || fault?.startsWith("url-") === true
  }))

const named: ReadonlySet<string | undefined> = new Set(words.map(({ fault }) => fault))

const faults: ReadonlyArray<Word> = shown.kinds
  .filter(({ name }) => !named.has(name))
  .map(({ endpoint, name, only }) => ({
    name: `fault=${name}`,
    group: undefined,
    fault: name,
    takesTime: false,
    only,
    needsDownload: endpoint === "file" || endpoint === "content"
  }))

export const catalogue: ReadonlyArray<Word> = [...words, ...faults]

/** Whether a fault keeps the caller from knowing what came of a submission. */
export const losesSubmission = ({ fault }: Word): boolean =>
  fault?.startsWith("submit-") === true && !fault.includes("-error.") && fault !== "submit-rate-limited"
