// Reads Stryker's report, and the list of what no test notices and why.

/** What no test has noticed, in the words in which `survivors.md` lists it. */
export const survivorsOf = (report) =>
  Object.entries(report.files).flatMap(([file, { mutants, source }]) =>
    mutants.filter(({ status }) => status === "Survived" || status === "NoCoverage").map((mutant) => worded(file, source, mutant))
  )

/** Killed and timed out, of all that could be: those are out that no program could be made of. */
export const scoreOf = (report) => {
  const all = Object.values(report.files).flatMap(({ mutants }) => mutants.map(({ status }) => status))
  const count = (...statuses) => all.filter((status) => statuses.includes(status)).length
  const caught = count("Killed", "Timeout")
  return { caught, of: caught + count("Survived", "NoCoverage") }
}

/** The items of the list. */
export const listedIn = (text) => text.split("\n").filter((line) => line.startsWith("- `packages/"))

/** What survived and is not listed, and what is listed and did not survive. One that survived twice is listed twice. */
export const compared = (survivors, listed) => ({ unlisted: without(survivors, listed), stale: without(listed, survivors) })

const without = (some, others) => {
  const left = [...others]
  return some.filter((each) => {
    const at = left.indexOf(each)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

const squeezed = (text, most) => {
  const flat = text.replaceAll(/\s+/gu, " ").trim()
  return flat.length > most ? `${flat.slice(0, most)} …` : flat
}

/** The line or lines as they are, and as they become. No line numbers: they would change with each edit above. */
const worded = (file, source, { location: { end, start }, replacement }) => {
  const lines = source.split("\n")
  const before = lines[start.line - 1].slice(0, start.column - 1)
  const after = lines[end.line - 1].slice(end.column - 1)
  const whole = [before, ...lines.slice(start.line - 1, end.line)].join("\n").slice(before.length + 1)
  return `- \`${file}\` \`\`${squeezed(whole, 160)}\`\` → \`\`${squeezed(before + replacement + after, 160)}\`\``
}
