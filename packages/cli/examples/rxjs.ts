import { submit$ } from "@reelay/core/rxjs"
import { serve } from "@reelay/mock-server/node"
import { geeknow } from "@reelay/providers/geeknow"
import { lastValueFrom, tap } from "rxjs"

const mock = await serve({ duration: 3000 })
const provider = geeknow({ apiKey: "any-key", baseUrl: `${mock.url}/geeknow` })
const job$ = submit$(provider, { prompt: "Rain on a city street.", duration: 6 }, { pace: "500 millis" })
// Unsubscribing stops the polling. The job continues, and a new subscription returns to it.
await lastValueFrom(job$.pipe(tap((state) => console.log(state._tag))))
await mock.close()
