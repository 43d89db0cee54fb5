/** The relay's events from bytes, however they are cut. Its data is one line of JSON. */

export interface Block {
  readonly event: string | undefined
  readonly data: string
}

/** A parser of one connection: give it each chunk. A comment is no block, and neither is what the connection cut off. */
export const parser = (each: (block: Block) => void): ((chunk: Uint8Array) => void) => {
  const decoder = new TextDecoder()
  let rest = ""
  return (chunk) => {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n\r?\n/u)
    rest = blocks.pop() ?? ""
    for (const block of blocks) {
      const field = (name: string): string | undefined => new RegExp(`^${name}: ?(.*)$`, "mu").exec(block)?.[1]
      const data = field("data")
      if (data !== undefined) each({ event: field("event"), data })
    }
  }
}
