import { type ReactNode, useId } from "react"

interface Props {
  readonly label: string
  readonly value: string
  readonly options?: ReadonlyArray<{ readonly value: string; readonly label: string }>
  readonly children?: ReactNode
  readonly note?: string | undefined
  readonly onChange: (value: string) => void
}

export const Select = ({ children, label, note, onChange, options = [], value }: Props) => {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        aria-describedby={note === undefined ? undefined : `${id}note`}
        id={id}
        value={value}
        onChange={({ target }) => onChange(target.value)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.label}
          </option>
        ))}
        {children}
      </select>
      {note !== undefined && <small id={`${id}note`}>{note}</small>}
    </div>
  )
}
