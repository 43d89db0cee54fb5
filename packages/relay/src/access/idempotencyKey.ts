/** The name of one submission, made by the client before it asks. */
import { refuse } from "./refuse.ts"

/** In quotes, as the draft of the header has it, or bare: 1 to 255 visible ASCII characters. */
export const idempotencyKeyOf = ({ headers }: Request): string => {
  const given = headers.get("idempotency-key")?.trim()
  if (given === undefined) {
    throw refuse(
      "BadRequest",
      "A submission costs money and needs an Idempotency-Key, kept before it is sent, so that a repeat can't pay twice.",
      {
        field: "Idempotency-Key",
        rule: "is missing"
      }
    )
  }
  const key = /^"([^"\\]*)"$/u.exec(given)?.[1] ?? given
  if (!/^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/u.test(key)) {
    const rule = "must have 1 to 255 visible ASCII characters, without quotes and backslashes in it"
    throw refuse("BadRequest", `The Idempotency-Key ${rule}.`, { field: "Idempotency-Key", rule })
  }
  return key
}
