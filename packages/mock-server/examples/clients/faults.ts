/** What goes wrong, one thing at a time. */

import type { Client } from "./client.ts"

export interface Trouble {
  readonly id: string
  /** For the README's table. */
  readonly what: string
  /** The script of the world, by what the client makes of a file; without one it can't be met. */
  readonly script: Partial<Readonly<Record<Client["takes"], object>>>
}

const each = (id: string, what: string, script: object): Trouble => ({
  id,
  what,
  script: { link: script, "file by link": script, "file by endpoint": script }
})

const threePolls = { polls: 3 }
const usual = (name: string, what: string): Trouble => each(name, what, { advances: threePolls, faults: [name] })
const once = (name: string, what: string): Trouble => each(name, what, { advances: threePolls, faults: [{ name, requests: { first: 1 } }] })

const onePoll = (name: string): object => ({ advances: { polls: 1 }, faults: [name] })
const ofFile = (name: string, what: string, byEndpoint?: string): Trouble => ({
  id: name,
  what,
  script: { "file by link": onePoll(name), ...(byEndpoint === undefined ? {} : { "file by endpoint": onePoll(byEndpoint) }) }
})

export const troubles: ReadonlyArray<Trouble> = [
  each("none", "Nothing", { advances: threePolls }),
  usual("submit-accepted-5xx", "POST accepted, answered with a proxy's 502"),
  usual("submit-accepted-drop", "POST accepted, connection closed before the answer"),
  usual("submit-rate-limited", "POST answered 429, `Retry-After: 1`"),
  each("flaky", "Every second poll is a 503", { advances: { polls: 4 }, faults: ["flaky"] }),
  once("poll-unaccepted-drop", "A poll's connection is closed"),
  once("poll-accepted-html", "A poll answers 200 with a page of HTML"),
  once("rate-limited", "A poll answers 429, `Retry-After: 1`"),
  once("poll-unaccepted-stall", "A poll is never answered"),
  each("not-found-first", "Unknown to the first poll", { advances: { polls: 8 }, faults: ["not-found-first"] }),
  usual("unknown-status", "A status of no document while it runs"),
  usual("foreign-words", "Another provider's words for each status"),
  each("failed", "The job fails", { advances: threePolls, ending: "failed" }),
  each("moderated", "The job is rejected by moderation", { advances: threePolls, ending: "moderated" }),
  each("never", "The job never ends", { advances: threePolls, ending: "never" }),
  ofFile("url-expired", "The link has expired at the first download"),
  ofFile("file-unaccepted-5xx", "The first download is answered with a proxy's 502", "content-unaccepted-5xx"),
  ofFile("file-body-drop", "The download breaks off in the middle", "content-body-drop"),
  ofFile("truncated", "Half of the file comes, as if that were all"),
  ofFile("file-accepted-html", "The download is a page of HTML, with 200", "content-accepted-html")
]
