import type { Dispatch, SetStateAction } from "react"
import { type Chosen, choiceOf, type Field, nameOf, type Table } from "../model/options.ts"
import { Select } from "./Select.tsx"

interface Props {
  readonly field: Field
  readonly model: string
  readonly table: Table
  readonly value: number | string | undefined
  readonly onChange: Dispatch<SetStateAction<Chosen>>
}

const unitOf = (field: Field): string => (field === "duration" ? " s" : "")

/** One option, with the values that the model takes; nothing if it takes none. */
export const OptionField = ({ field, model, onChange, table, value }: Props) => {
  const choice = choiceOf(table, model, field)
  if (choice === undefined) return undefined
  const values = new Map(choice.values.map((each) => [String(each), each]))
  const usual = choice.default === undefined ? "Provider's default" : `${choice.default}${unitOf(field)}, the default`
  return (
    <Select
      label={nameOf(field)}
      value={value === undefined ? "" : String(value)}
      options={[{ value: "", label: usual }, ...[...values.keys()].map((each) => ({ value: each, label: `${each}${unitOf(field)}` }))]}
      onChange={(next) => onChange((chosen) => ({ ...chosen, [field]: values.get(next) }))}
    />
  )
}
