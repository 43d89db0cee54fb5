import type { Config } from "../../server/config.ts"
import { Select } from "./Select.tsx"

interface Props {
  readonly config: Config
  readonly life: string
  readonly fault: string
  readonly onLife: (life: string) => void
  readonly onFault: (fault: string) => void
}

const endpoints = { submit: "Submission", poll: "Poll", content: "Content endpoint", file: "Video file" }

/** What the mock plays: a life, and something that goes wrong in it. */
export const Plays = ({ config: { faults, lives }, fault, life, onFault, onLife }: Props) => (
  <>
    <Select
      label="Script"
      value={life}
      options={[{ value: "", label: "succeeds in 8 s" }, ...lives.map(({ name, value }) => ({ value, label: name }))]}
      note={lives.find(({ value }) => value === life)?.what}
      onChange={onLife}
    />
    <Select label="Fault" value={fault} note={faults.find(({ value }) => value === fault)?.what} onChange={onFault}>
      <option value="">none</option>
      {Object.entries(endpoints).map(([endpoint, label]) => (
        <optgroup key={endpoint} label={label}>
          {faults
            .filter((each) => each.endpoint === endpoint)
            .map(({ name, value }) => (
              <option key={value} value={value}>
                {name}
              </option>
            ))}
        </optgroup>
      ))}
    </Select>
  </>
)
