/** Who asks. There is no default: a relay without it would let everybody spend the account's money. */
import { type Refused, refuse } from "./refuse.ts"

/**
 * Names the user who sent a request. `undefined` refuses it with 401; a `Response` is sent as it is.
 *
 * @category models
 * @since 0.1.0
 */
export type Authorize = (request: Request) => Authorized | Promise<Authorized>

/**
 * The user: any stable id of 1 to 255 characters. A user sees only their own jobs.
 *
 * @category models
 * @since 0.1.0
 */
export type Authorized = { readonly user: string } | Response | undefined | null

/** The user of a request, or the answer that `authorize` has made. */
export const userOf = async (authorize: Authorize, request: Request): Promise<string | Response> => {
  const who = await authorize(request)
  if (who instanceof Response) return who
  if (who === undefined || who === null) throw refuse("Unauthenticated", "The relay does not know who asks.")
  // Of a text that isn't well formed, UTF-8 would make the same bytes as of another.
  if (typeof who.user !== "string" || who.user === "" || who.user.length > 255 || /\p{Surrogate}/u.test(who.user)) throw noUser()
  return who.user
}

const noUser = (): Refused => refuse("Internal", "authorize must return { user } with a text of 1 to 255 characters.")
