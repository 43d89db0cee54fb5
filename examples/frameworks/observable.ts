// The platform's own Observable (Chrome 135 and newer): it takes a job as an async iterable.
import type { PromiseJob } from "@reelay/core/promise"

interface Observable<A> {
  readonly map: <B>(f: (value: A) => B) => Observable<B>
  readonly subscribe: (next: (value: A) => void, options: { readonly signal: AbortSignal }) => void
}
// TypeScript does not know it yet.
declare const Observable: { readonly from: <A>(values: AsyncIterable<A>) => Observable<A> }

export const show = (job: PromiseJob, target: HTMLElement): (() => void) => {
  const controller = new AbortController()
  const line = target.appendChild(document.createElement("p"))
  Observable.from(job)
    .map(({ _tag }) => _tag)
    .subscribe((tag) => void (line.textContent = tag), controller)
  return () => controller.abort()
}
