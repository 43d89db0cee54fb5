/** A few choices side by side: radio buttons, so that arrow keys move between them. */
interface Props<Value extends string> {
  readonly legend: string
  readonly name: string
  readonly options: ReadonlyArray<{ readonly value: Value; readonly label: string }>
  readonly value: Value
  readonly onChange: (value: Value) => void
}

export const Choices = <Value extends string>({ legend, name, onChange, options, value }: Props<Value>) => (
  <fieldset className="choices">
    <legend className="unseen">{legend}</legend>
    {options.map((option) => (
      <label key={option.value}>
        <input type="radio" name={name} checked={option.value === value} onChange={() => onChange(option.value)} />
        <span>{option.label}</span>
      </label>
    ))}
  </fieldset>
)
