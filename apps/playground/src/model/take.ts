/** A submission's label: a short name that the server knows as well, and the prompt as it was typed. */
export interface Take {
  readonly name: string
  readonly prompt: string
}

export const labelOf = ({ name, prompt }: Take): string => `${name} ${prompt}`

const form = /^([a-z0-9]{4}) (.*)$/su

/** Any label: those that another program has written are all prompt. */
export const takeOf = (label: string | undefined): Take => {
  const [, name = "", prompt = label ?? "A job without a name"] = form.exec(label ?? "") ?? []
  return { name, prompt }
}

/** The words that tell the mock what to play. */
export const magic = (life: string, fault: string): string =>
  [life, fault === "" ? "" : `mock:fault=${fault}`].filter((word) => word !== "").join(" ")
