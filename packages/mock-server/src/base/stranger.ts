/** Of names that were given, the first that means nothing, in a sentence: a typing error must not pass. `undefined` if all are known. */
export const stranger = (what: string, given: Iterable<string>, known: ReadonlyArray<string>): string | undefined => {
  const name = [...given].find((each) => !known.includes(each))
  return name === undefined ? undefined : `"${name}" isn't a ${what}; there ${known.length === 1 ? "is" : "are"} ${known.join(", ")}`
}
