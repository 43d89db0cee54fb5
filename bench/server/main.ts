/** The server's process: it ends with whoever started it. */
import { serve } from "./serve.ts"

process.on("disconnect", () => process.exit(0))
const { base, control } = await serve()
process.send?.({ base, control })
