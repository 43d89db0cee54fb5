/** Which script a submission gets: the header's, one that waits for the next submissions, or the one that its prompt chooses. */
import * as Fault from "./Fault.ts"
import * as MagicPrompt from "./MagicPrompt.ts"
import * as Script from "./Script.ts"

/** The header that chooses a script: a name of the library, or a script as JSON. */
const scriptHeader = "x-reelay-script"

/** A script that waits. */
export interface Waiting {
  readonly script: Script.Script
  /** For how many submissions yet. */
  left: number
}

type Chosen = { readonly script: Script.Script } | { readonly problem: string }

/** A script by its name, or as JSON. */
export const written = (text: string, duration: number, catalogue: Fault.Catalogue): Chosen => {
  const named = Script.library.find(({ name }) => name === text.trim())
  if (named !== undefined) return { script: named.script }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return {
      problem: `"${text.slice(0, 80)}" is neither JSON nor the name of a script; there are ${Script.library.map(({ name }) => name).join(", ")}`
    }
  }
  const script = Script.fromJson(json, duration, catalogue)
  return "problem" in script ? script : { script }
}

interface Setting {
  readonly duration: number
  readonly host: Fault.Needs
  /** The name of the provider that is asked. */
  readonly provider: string
  /** The faults that can be met. */
  readonly catalogue: Fault.Catalogue
  /** The script of those that nothing else gives one. Default: the prompt's. */
  readonly usual: Script.Script | undefined
}

/** Why a script can't be played by this provider on this host: nothing is approximated. */
const refusal = ({ faults }: Script.Script, { catalogue, host, provider }: Setting): string | undefined => {
  for (const { name } of faults) {
    const kind = catalogue.kindOf(name)
    if (kind === undefined) return `"${name}" isn't a fault`
    if (kind.only !== undefined && !kind.only.includes(provider))
      return `the fault ${name} is one of ${kind.only.join(", ")}, not of ${provider}`
    if (!Fault.isExpressible(kind, host)) {
      return `the fault ${name} needs a socket, and this host has none: a Response can't show it. Use the server, @reelay/mock-server/node`
    }
  }
  return undefined
}

export const choose = (headers: Headers, prompt: string, waiting: Array<Waiting>, setting: Setting): Chosen => {
  const { catalogue, duration, provider, usual } = setting
  const header = headerOf(headers)
  const next = waiting[0]
  const given = next?.script ?? usual
  // Also one that can't be played here is over: else it would keep all others from what they are about.
  if (header === undefined && next !== undefined && --next.left === 0) waiting.shift()
  const chosen =
    header !== undefined
      ? written(header, duration, catalogue)
      : given !== undefined
        ? { script: given }
        : MagicPrompt.parse(prompt, duration, provider, catalogue)
  if ("problem" in chosen) return { problem: header === undefined ? chosen.problem : `${scriptHeader}: ${chosen.problem}` }
  const problem = refusal(chosen.script, setting)
  return problem === undefined ? chosen : { problem }
}

/** A header has bytes, which a host reads as Latin-1; what was UTF-8 in them is UTF-8 again. */
const headerOf = (headers: Headers): string | undefined => {
  const text = headers.get(scriptHeader)
  if (text === null) return undefined
  const codes = Array.from(text, (letter) => letter.codePointAt(0) ?? 0)
  if (codes.some((code) => code > 255)) return text
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(codes))
  } catch {
    return text
  }
}
