/** What no message of an error may contain, whoever made it and whatever a server, a disk or a client has said (F23). */
const rules: Readonly<Record<string, RegExp>> = {
  "doubled stops": /[.。!?！？;；,，:：]\s*[.。](?=\s|["')\]]|$)/u,
  markup: /<(?!key>)[/!]?[a-z]/iu,
  "empty quotes": /(^|[\s(])""(?=[\s.,;)]|$)/u,
  "a command": /(^|\s)--[a-z]|\breelay (run|attach|resume|jobs)\b/u,
  "more than one line": /\p{Cc}/u,
  "nothing seen": /: *\.( |$)|: +(No job|The job|Nothing)/u
}

/** What is wrong with a message, by name. */
export const wrong = (message: string): ReadonlyArray<string> => [
  ...Object.entries(rules).flatMap(([name, pattern]) => (pattern.test(message) ? [name] : [])),
  ...(/nothing was sent|not sent|no job was made/iu.test(message) && /may (still run and |exist and )?be billed/u.test(message)
    ? ["a contradiction"]
    : [])
]
