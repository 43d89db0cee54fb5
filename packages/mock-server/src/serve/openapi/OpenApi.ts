/**
 * The contract of a provider as an OpenAPI 3.1 document: requests from the rules by which the mock judges, answers from its forms, examples from
 * the fixtures, each with its source and its evidence.
 */
import * as JsonSchema from "effect/JsonSchema"
import type { Recorded } from "../../answer/Recorded.ts"
import { isRecord, type Json } from "../../base/Rules.ts"
import { version } from "../../base/version.ts"
import { type Contract, jsonSchema, type Replies, type Reply } from "../../provider/Contract.ts"
import type { Provider, Submit } from "../../provider/Provider.ts"

/** A provider with its contract, which is there by now. */
export interface Contracted {
  readonly provider: Provider
  readonly contract: Contract
}

/** A provider with its contract; `undefined` if it has none. */
export const contracted = async (provider: Provider): Promise<Contracted | undefined> =>
  provider.contract === undefined ? undefined : { provider, contract: await provider.contract() }

export interface Operation {
  /** As in `generations`; of a poll `query`, of the file `content`. */
  readonly id: string
  readonly method: "GET" | "POST"
  /** Below the base URL, with `{…}` for the id. */
  readonly path: string
  readonly summary: string
  readonly replies: Replies
  /** Of a submission. */
  readonly submit?: Submit
  readonly example?: Json
}

/** What a provider can be asked, in the order of a job's life. */
export const operationsOf = ({ contract, provider: { content, poll, submits } }: Contracted): ReadonlyArray<Operation> => {
  const named = (path: string): string => path.replace("{id}", `{${contract.id.inPath}}`)
  const posts = submits.map((submit): Operation => {
    const { example, path, summary } = submit
    return { id: path.slice(path.lastIndexOf("/") + 1), method: "POST", path, summary, replies: contract.submit.replies, submit, example }
  })
  const query: Operation = { id: "query", method: "GET", path: named(poll), ...contract.poll }
  if (content === undefined || contract.content === undefined) return [...posts, query]
  return [...posts, query, { id: "content", method: "GET", path: named(content.path), ...contract.content }]
}

/** Nobody's path, or a method that none takes. */
const isOutside = ({ request, status }: Recorded): boolean => request === "any" && (status === 404 || status === 405)

/** The fixtures that show what an operation answers with a status, by name. */
export const examplesOf = (
  { fixtures = {} }: Provider,
  { method, path }: Operation,
  status: number
): ReadonlyArray<readonly [string, Recorded]> =>
  Object.entries(fixtures).filter(
    ([, fixture]) =>
      fixture.status === status && !isOutside(fixture) && (fixture.request === `${method} ${path}` || fixture.request === "any")
  )

/** The fixtures that show what comes where no operation is. */
export const examplesOutside = ({ fixtures = {} }: Provider, status: number): ReadonlyArray<readonly [string, Recorded]> =>
  Object.entries(fixtures).filter(([, fixture]) => fixture.status === status && isOutside(fixture))

/** A request's schema for a form, in which some fields are files. */
const asForm = (schema: Json, files: ReadonlyArray<string>): Json => {
  const { oneOf, properties } = schema
  const file = { type: "string", contentMediaType: "application/octet-stream" }
  return {
    ...schema,
    ...(Array.isArray(oneOf) ? { oneOf: oneOf.map((each) => (isRecord(each) ? asForm(each, files) : each)) } : {}),
    ...(isRecord(properties)
      ? {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, inner]) => [name, files.includes(name) ? { type: "array", items: file } : inner])
          )
        }
      : {})
  }
}

const requestBody = ({ example, submit }: Operation): Json | undefined => {
  if (submit === undefined) return undefined
  const contentOf = (media: string): Json => ({
    schema: media === "application/json" ? submit.schema : asForm(submit.schema, submit.files ?? []),
    ...(example === undefined ? {} : { example })
  })
  return { required: true, content: Object.fromEntries(submit.media.map((media) => [media, contentOf(media)])) }
}

const shown = ({ body, evidence, source }: Recorded): Json => ({
  summary: [source.document, source.heading].filter((text) => text !== "").join(": "),
  value: body,
  "x-evidence": evidence.shape === undefined ? evidence.body : `${evidence.shape} (values ${evidence.body})`,
  "x-evidence-of-status": evidence.status,
  "x-source": source.url
})

const retryAfter = { "Retry-After": { description: "Seconds, or a date; sometimes absent.", schema: { type: "string" } } }

/** After a submission: where the id goes. */
const linksOf = ({ contract: { id }, provider }: Contracted): Json => {
  const to = (operationId: string, description: string): Json => ({
    operationId,
    description,
    parameters: { [id.inPath]: `$response.body#/${id.inAnswer}` }
  })
  return {
    query: to("query", "Ask about the job."),
    ...(provider.content === undefined ? {} : { content: to("content", "Fetch its video.") })
  }
}

/** Collects the forms of answers, so that each is defined once. */
class Components {
  readonly schemas: Record<string, Json> = {}

  add({ form }: Pick<Reply, "form">): Json {
    if (form === undefined) return {}
    const { definitions, schema } = jsonSchema(form)
    const openApi = JsonSchema.toMultiDocumentOpenApi3_1({ dialect: "draft-2020-12", schemas: [schema], definitions })
    Object.assign(this.schemas, openApi.definitions)
    return openApi.schemas[0]
  }
}

const response = (whose: Contracted, operation: Operation, status: number, reply: Reply, components: Components): Json => {
  const all = examplesOf(whose.provider, operation, status).filter(([, { body }]) => body !== "")
  const examples = Object.fromEntries(all.map(([name, fixture]) => [name, shown(fixture)]))
  const json = { schema: components.add(reply), ...(all.length === 0 ? {} : { examples }) }
  const content = reply.media === undefined ? { "application/json": json } : { [reply.media]: {} }
  return {
    description: reply.what,
    ...(status === 429 ? { headers: retryAfter } : {}),
    content,
    // No fixture shows it, and no document gives more than its status, if that.
    ...(all.length === 0 && reply.media === undefined ? { "x-evidence": "assumed" } : {}),
    ...(reply.mayBeEmpty === true ? { "x-may-be-empty": true } : {}),
    ...(operation.submit !== undefined && status >= 200 && status < 300 ? { links: linksOf(whose) } : {})
  }
}

const item = (whose: Contracted, operation: Operation, components: Components): Json => {
  const body = requestBody(operation)
  const { inPath } = whose.contract.id
  return {
    operationId: operation.id,
    summary: operation.summary,
    ...(operation.path.includes("{")
      ? { parameters: [{ name: inPath, in: "path", required: true, description: "The id of the job.", schema: { type: "string" } }] }
      : {}),
    ...(body === undefined ? {} : { requestBody: body }),
    responses: Object.fromEntries(
      Object.entries(operation.replies).map(([status, reply]) => [status, response(whose, operation, Number(status), reply, components)])
    )
  }
}

/** The document. `origin` is where the mock is, as in `http://127.0.0.1:8787`. */
export const document = (whose: Contracted, base: string) => {
  const { contract, provider } = whose
  const components = new Components()
  const paths: Record<string, Json> = {}
  for (const operation of operationsOf(whose)) {
    paths[operation.path] = { ...paths[operation.path], [operation.method.toLowerCase()]: item(whose, operation, components) }
  }
  return {
    openapi: "3.1.0",
    info: {
      title: contract.title,
      version,
      description:
        "As the vendor's document has it, and as it was seen in the field. Each example says which; what is assumed is a guess of the mock's. Made by reelay-mock, not by the vendor."
    },
    externalDocs: { description: "The vendor's document", url: contract.document },
    servers: [
      { url: base, description: "This mock" },
      ...(provider.vendor === undefined ? [] : [{ url: provider.vendor.baseUrl, description: "The vendor" }])
    ],
    security: [{ key: [] }],
    paths,
    components: { schemas: components.schemas, securitySchemes: { key: { type: "http", scheme: "bearer" } } }
  }
}
