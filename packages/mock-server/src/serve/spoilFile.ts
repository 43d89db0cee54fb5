/** What a job's faults make of its file. */
import type { Answer } from "../answer/Answer.ts"
import { type Delivery, encode } from "../answer/delivery.ts"
import * as Files from "../answer/files.ts"
import type { Job } from "../provider/Provider.ts"
import type { Due } from "./spoil.ts"

/** Half of a file, as if that were all. */
const half = (file: Files.Bytes): Files.Bytes => file.slice(0, file.byteLength >> 1)

/** A file in which one byte in a hundred is another. */
const corrupt = (file: Files.Bytes): Files.Bytes => file.map((byte, index) => (index % 100 === 99 ? byte ^ 0xff : byte))

/** What an address that has expired gets, by the fault that made it so. */
export const expiredAs: Readonly<Record<string, Answer>> = {
  "url-expired": Files.expired,
  "url-expired-404": Files.unknownFile,
  "url-expired-410": Files.refusal(410, "Gone", "The link has expired")
}
const needsKey: Answer = Files.refusal(401, "Unauthorized", "Authentication is required for this file.")
/** What S3 says to two proofs at once. */
const refusesKey: Answer = Files.refusal(400, "InvalidArgument", "Only one auth mechanism allowed")
const insteadOfFile: Answer = { status: 200, body: { error: { code: "storage_error", message: "The file is not available." } } }

/** From one hop to the next of a chain, or of a ring; `undefined` if the chain has ended. */
const redirect = (url: URL, under: string, isRing: boolean): Answer | undefined => {
  const hop = Number(url.searchParams.get("hop") ?? 0)
  if (!isRing && hop >= 3) return undefined
  const next = new URL(url)
  next.searchParams.set("hop", String(isRing ? (hop + 1) % 3 : hop + 1))
  return { status: 302, body: undefined, headers: { location: `${under}${next.pathname}${next.search}` } }
}

/** Who asks for a file, and how. */
interface Asked {
  readonly seed: string
  readonly job: Job
  readonly url: URL
  /** What stands before its path for the client. */
  readonly under: string
  readonly headers: Headers
  /** The key that made the job came with it, as it should to the API. */
  readonly isOwner: boolean
  /** A key came with it, in any way. */
  readonly hasKey: boolean
}

/** A file as the faults of its job leave it: the first that changes anything is the one that shows. */
export const spoilt = (
  all: ReadonlyArray<Due>,
  { hasKey, headers, isOwner, job, seed, under, url }: Asked
): Delivery & { readonly fault?: string } => {
  for (const { fault } of all) {
    const { name } = fault
    switch (name) {
      case "url-needs-key":
        if (!isOwner) return { answer: needsKey, fault: name }
        break
      case "url-refuses-key":
        if (hasKey) return { answer: refusesKey, fault: name }
        break
      case "redirected":
      case "redirect-loop": {
        const answer = redirect(url, under, name === "redirect-loop")
        if (answer !== undefined) return { answer, fault: name }
        break
      }
      case "truncated":
        return { answer: Files.serve(seed, job, headers, half), fault: name }
      case "corrupted":
        return { answer: Files.serve(seed, job, headers, corrupt), fault: name }
      case "json-instead":
        return { answer: insteadOfFile, fault: name }
      case "wrong-length": {
        const answer = Files.serve(seed, job, headers)
        const size = encode(answer.body)[0].byteLength
        const promised = { ...answer, headers: { ...answer.headers, "content-length": String(size + 1024) } }
        return { answer: promised, cut: { at: "body", by: "drop", byte: size }, fault: name }
      }
    }
  }
  return { answer: Files.serve(seed, job, headers) }
}
