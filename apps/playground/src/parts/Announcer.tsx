/** Tells a screen reader what changes, one sentence at a time. */
import { createContext, type ReactNode, useContext, useState } from "react"

const Context = createContext<(text: string) => void>(() => undefined)

export const useAnnounce = (): ((text: string) => void) => useContext(Context)

export const AnnouncerProvider = ({ children }: { readonly children: ReactNode }) => {
  const [text, setText] = useState("")
  return (
    <Context value={setText}>
      {children}
      <div className="unseen" role="status">
        {text}
      </div>
    </Context>
  )
}
