/** A request that a schema refuses, as the first problem and its field. */
import type * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { excerpt } from "../base/Text.ts"
import { InvalidRequest } from "../job/JobError.ts"

const format = SchemaIssue.makeFormatterStandardSchemaV1()

export const refused = (error: Schema.SchemaError): InvalidRequest => {
  const [issue] = format(error.issue).issues
  const field = (issue?.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".")
  const what = issue?.message ?? error.message
  return new InvalidRequest({
    field: field === "" ? "request" : field,
    rule: /^expected no excess property/iu.test(what) ? "isn't a field of this request" : `is wrong: ${excerpt(what)}`
  })
}
