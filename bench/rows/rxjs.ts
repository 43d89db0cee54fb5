import { fromEvent, lastValueFrom, map, type Observable, share, switchMap, takeUntil, takeWhile, timer } from "rxjs"
import { fromFetch } from "rxjs/fetch"
import type { Client, Place, Row } from "../Row.ts"
import { stoppable } from "./parts/stoppable.ts"
import { body, headers, headersOfBody, pollPath, type Polled, submitPath, type Submitted, videoOf } from "./parts/xai.ts"

const json = <A>(response: Response): Promise<A> => response.json()

const make = ({ base, interval }: Place): Client => {
  const videos$ = (): Observable<string | undefined> =>
    fromFetch(base + submitPath, { method: "POST", headers: headersOfBody, body, selector: json<Submitted> }).pipe(
      switchMap(({ request_id: id }) =>
        timer(0, interval).pipe(switchMap(() => fromFetch(base + pollPath(id), { headers, selector: json<Polled> })))
      ),
      map(videoOf),
      takeWhile((video) => video === undefined, true)
    )
  return {
    video: async (signal) => {
      const last = await lastValueFrom(signal === undefined ? videos$() : videos$().pipe(takeUntil(fromEvent(signal, "abort"))))
      if (last === undefined) throw new Error("stopped")
      return last
    },
    handle: () => stoppable(videos$(), (video) => video),
    share: (subscribers, told) => {
      const shared$ = videos$().pipe(share())
      const subscriptions = Array.from({ length: subscribers }, () => shared$.subscribe(told))
      return {
        stop: () => {
          for (const subscription of subscriptions) subscription.unsubscribe()
        }
      }
    }
  }
}

export const row: Row = { title: "rxjs by hand, fromFetch", group: "by hand", firstPoll: "at once", packages: ["rxjs"], make }
