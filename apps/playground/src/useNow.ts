import { useEffect, useState } from "react"

/** The time, while something moves. With reduced motion it moves in steps. */
export const useNow = (isMoving: boolean): number => {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    if (!isMoving) return undefined
    const step = matchMedia("(prefers-reduced-motion: reduce)").matches ? 1000 : 100
    const timer = setInterval(() => setNow(Date.now()), step)
    return () => clearInterval(timer)
  }, [isMoving])
  return now
}
