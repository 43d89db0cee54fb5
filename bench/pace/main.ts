/** `npm run bench -- pace [jobs] [seed]`: prints what `Pace.adaptive` makes of nine worlds. Seeded, without a clock: the same each time. */
import { compared } from "./compared.ts"
import { markdown } from "./markdown.ts"
import { worlds } from "./worlds.ts"

const [jobs = 2500, seed = 1] = process.argv.slice(2).map(Number)
for (const world of worlds) {
  process.stdout.write(`${markdown(world.name, compared(world, { jobs, seed }, { prices: [0.5, 2, 10], lags: [2.5, 5, 12] }))}\n`)
}
