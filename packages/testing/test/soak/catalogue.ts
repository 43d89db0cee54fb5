/** Everything that a prompt can request from the mock, as the soak does: each magic word, and each fault without one. */
import { MagicPrompt } from "@reelay/mock-server"
import { catalogue as shown } from "@reelay/mock-server/providers"

export interface Word {
  /** Its name in the coverage, such as `fail` or `fault=poll-body-stall`. */
  readonly name: string
  /** A prompt may have only one of a group. */
  readonly group: string | undefined
  /** The name of the fault, which the mock's journal has if it occurs. */
  readonly fault: string | undefined
  readonly takesTime: boolean
  /** The providers whose prompts may have it. Default: all. */
  readonly only: ReadonlyArray<string> | undefined
  /** Whether it shows only if the video is fetched. */
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

/** Whether a fault leaves a submission's outcome unknown to the caller. */
export const losesSubmission = ({ fault }: Word): boolean =>
  fault?.startsWith("submit-") === true && !fault.includes("-error.") && fault !== "submit-rate-limited"
