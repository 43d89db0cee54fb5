/** A tracer that keeps every span, and a separate registry of metrics. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

export const recording = () => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      return span
    }
  })
  const named = (name: string) => spans.filter((span) => span.name === name)
  const nameOf = ({ spanId }: Tracer.AnySpan): string => spans.find((span) => span.spanId === spanId)?.name ?? "elsewhere"
  return {
    spans,
    named,
    open: () => spans.filter(({ status }) => status._tag === "Started").map(({ name }) => name),
    /** Each span as `parent > name`, in the order in which they began. */
    tree: () => spans.map(({ name, parent }) => `${Option.match(parent, { onNone: () => "", onSome: nameOf })} > ${name}`),
    /** The links of the spans with a name. */
    links: (name: string) => named(name).map(({ links }) => links.map(({ span }) => nameOf(span))),
    attributes: (name: string) => named(name).map(({ attributes }) => Object.fromEntries(attributes)),
    in: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.withTracer(effect, tracer)
  }
}

/** Each series as `name{attributes}`, and its number: a count, a value, or all values of a histogram with their sum. */
const shown = ({ attributes = {}, id, state, type }: Metric.Metric.Snapshot): readonly [string, unknown] => {
  const said = Object.entries(attributes).filter(([name]) => name !== "reelay.provider" && name !== "unit")
  const value =
    type === "Counter"
      ? state.count
      : type === "Gauge"
        ? state.value
        : type === "Histogram"
          ? `${state.count} in ${state.sum} s`
          : undefined
  return [`${id}${said.length === 0 ? "" : `{${said.map(([, word]) => word).join(",")}}`}`, value]
}

export const registry = () => {
  const own = new Map<string, Metric.Metric.Metadata<unknown, unknown>>()
  return {
    in: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provideService(effect, Metric.MetricRegistry, own),
    numbers: Effect.map(Effect.provideService(Metric.snapshot, Metric.MetricRegistry, own), (all) => Object.fromEntries(all.map(shown))),
    all: Effect.provideService(Metric.snapshot, Metric.MetricRegistry, own)
  }
}
