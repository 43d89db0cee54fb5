import { submit$ } from "@reelay/core/rxjs"
import { serve } from "@reelay/mock-server/node"
import { geeknow } from "@reelay/providers/geeknow"
import { lastValueFrom, map, tap } from "rxjs"

const mock = await serve({ duration: 3000 })
const provider = geeknow({ apiKey: "any-key", baseUrl: `${mock.url}/geeknow` })

const progress$ = submit$(provider, { prompt: "Rain on a city street.", duration: 6 }, { pace: "500 millis" }).pipe(
  map((state) => ({ status: state._tag, percent: state._tag === "Running" ? Math.round((state.progress ?? 0) * 100) : undefined })),
  tap(({ percent = "", status }) => console.log(status, percent))
)
// Unsubscribing stops the polling. The job continues, and a new subscription returns to it.
await lastValueFrom(progress$)
await mock.close()
