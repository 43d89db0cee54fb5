import { setImmediate, setTimeout as sleep } from "node:timers/promises"

export { sleep }

/** One turn of the event loop. */
export const macrotask = (): Promise<void> => setImmediate()

/** User and system time of this process in microseconds. */
export const cpu = (): number => {
  const { system, user } = process.cpuUsage()
  return user + system
}

/** Waits until something holds, but no longer than so many milliseconds; whether it does. */
export const until = async (holds: () => boolean | Promise<boolean>, most: number): Promise<boolean> => {
  for (const end = performance.now() + most; performance.now() < end; await sleep(5)) if (await holds()) return true
  return holds()
}
