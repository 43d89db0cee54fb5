/**
 * What a provider promises, beside the requests that it takes (its `rules.ts`): its answers, each with its status and the form of its body.
 *
 * These schemas are the mock's own, written from the vendors' documents; they share nothing with the client's. A form is open: fields that no
 * document names may come, fields that a document promises must.
 */
import * as Schema from "effect/Schema"
import type { Json } from "../base/Rules.ts"

/** What a body of an answer looks like; `undefined` if it isn't JSON. */
export type Form = Schema.Codec<unknown, unknown>

export interface Reply {
  /** In one line, for a reader. */
  readonly what: string
  readonly form?: Form
  /** The body may be empty, or is if there is no form. */
  readonly mayBeEmpty?: true
  /** The content type of a body that isn't JSON. */
  readonly media?: string
}

/** The replies of one operation, by HTTP status. */
export type Replies = Readonly<Record<number, Reply>>

export interface Contract {
  readonly title: string
  /** The vendor's document. */
  readonly document: string
  /** What the document calls the id in a path, and the field of the accepted answer that holds it. */
  readonly id: { readonly inPath: string; readonly inAnswer: string }
  readonly submit: { readonly replies: Replies }
  readonly poll: { readonly summary: string; readonly replies: Replies }
  /** The status words after which nothing more comes. */
  readonly ends: ReadonlyArray<string>
  readonly content?: { readonly summary: string; readonly replies: Replies }
  /** Where no operation is: an unknown path, a wrong method. */
  readonly outside: Replies
}

/** The same form for several statuses. */
export const each = (form: Form, replies: Readonly<Record<number, string>>): Replies =>
  Object.fromEntries(Object.entries(replies).map(([status, what]) => [status, { what, form }]))

/** What every vendor refuses a submission for, if it has one form for all of it. */
export const refusals = {
  400: "The request is not as documented.",
  401: "The key is missing or wrong.",
  413: "The body is too large.",
  415: "The body isn't JSON.",
  429: "Too many requests."
}

/** Where no operation is. */
export const nowhere = { 404: "There is no such path.", 405: "The path does not take this method." }

const draft = (form: Form, onExcessProperty: "error" | "ignore") =>
  Schema.toJsonSchemaDocument(form, { onExcessProperty, includeAnnotationKey: (key) => key.startsWith("x-") })

/** A form as JSON Schema, with its definitions under `#/$defs`. `closed`: it takes no field that it does not name. */
export const jsonSchema = (form: Form, closed = false): { readonly schema: Json; readonly definitions: Readonly<Record<string, Json>> } =>
  draft(form, closed ? "error" : "ignore")
