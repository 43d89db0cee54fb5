/** Answers against the contract, judged by another validator than the mock's own. */
import { Ajv2020 } from "ajv/dist/2020.js"
import { jsonSchema, type Form, type Replies } from "../src/provider/Contract.ts"
import { builtIn, providers } from "../src/providers/index.ts"
import { type Contracted, contracted, operationsOf } from "../src/serve/openapi/OpenApi.ts"
import { routeOf } from "../src/serve/route.ts"
import { type Name, providerNames, ofEach } from "./names.ts"

const loaded = new Map(await Promise.all(providerNames.map(async (name) => [name, await contracted(builtIn[name])] as const)))

/** Each provider with its contract. */
export const contractedOf: Readonly<Record<Name, Contracted>> = ofEach((provider) => {
  const whose = [...loaded.values()].find((each) => each?.provider === provider)
  if (whose === undefined) throw new Error(`${provider.name} has no contract`)
  return whose
})

const ajv = new Ajv2020({ strict: true, allErrors: false, strictRequired: false, allowUnionTypes: true })

const compiled = new Map<Form, (body: unknown) => string | undefined>()

/** What is wrong with a body; fields that the form does not name are wrong too. */
export const judge = (form: Form, body: unknown): string | undefined => {
  const known = compiled.get(form)
  if (known !== undefined) return known(body)
  const { definitions, schema } = jsonSchema(form, true)
  const validate = ajv.compile({ ...schema, $defs: definitions })
  const check = (value: unknown): string | undefined => (validate(value) ? undefined : ajv.errorsText(validate.errors))
  compiled.set(form, check)
  return check(body)
}

/** The replies that a request may get. */
export const repliesTo = (provider: Name, method: string, pathname: string): Replies => {
  const route = routeOf(providers, pathname)
  const { outside } = contractedOf[provider].contract
  if (route._tag === "unknown" || route._tag === "file") return outside
  const wanted = route._tag === "poll" ? "query" : route._tag === "content" ? "content" : undefined
  const found = operationsOf(contractedOf[provider]).find(({ id, submit }) =>
    route._tag === "submit" ? submit === route.submit : id === wanted
  )
  return found === undefined || found.method !== (method === "HEAD" ? "GET" : method) ? outside : found.replies
}

/** What is wrong with an answer; `undefined` if nothing is. */
export const wrongIn = (replies: Replies, status: number, text: string, contentType: string | null): string | undefined => {
  const reply = replies[status]
  if (reply === undefined) return `no such status: ${status}`
  if (reply.form === undefined)
    return contentType?.startsWith(reply.media ?? "") === true ? undefined : `not ${reply.media}: ${contentType}`
  if (text === "") return reply.mayBeEmpty === true ? undefined : "empty"
  try {
    return judge(reply.form, JSON.parse(text))
  } catch {
    return `no JSON: ${text.slice(0, 40)}`
  }
}
