/** `npm run soak:durable -- --seed N --jobs N`: kills, freezes, restarts and joins on a real PostgreSQL, and what it costs. */
import { parseArgs } from "node:util"
import * as Postgres from "../postgres.ts"
import { type Deed, dice } from "./chaos.ts"
import { idle, jobs as jobsThrough, polls, type Throughput } from "./measure.ts"
import { type Run, soak } from "./soak.ts"

const { values } = parseArgs({
  args: process.argv.slice(2).filter((each) => each !== "--"),
  options: {
    seed: { type: "string", default: "1,2,3" },
    jobs: { type: "string", default: "1000" },
    only: { type: "string", default: "chaos,kills,idle,throughput" }
  }
})
const jobs = Number(values.jobs)
const parts = values.only.split(",")
const say = (text: string) => process.stdout.write(`${text}\n`)

/** A frozen worker, two restarts, a worker that joins, and kills in between, in an order by the seed. */
const deedsOf = (seed: number): ReadonlyArray<Deed> => {
  const draw = dice(seed)
  const given: Array<Deed> = ["freeze", "kill", "kill", "restart", "kill", "join", "kill", "stop", "restart", "kill"]
  return given
    .map((deed) => ({ deed, at: draw() }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ deed }) => deed)
}

/** Seconds from the beginning. */
const since = ({ began }: Run, at: number): string => `${((at - began) / 1000).toFixed(0)} s`

const lineOf = (seed: number, run: Run): string =>
  `| ${seed} | ${run.jobs} | ${run.paid} | ${run.known} + ${run.unknown} | ${run.saved} | ${run.wrong.length} | ${run.happened.map(({ at, deed }) => `${deed} ${since(run, at)}`).join(", ")} | ${(run.standstill.lasted / 1000).toFixed(1)} s from ${since(run, run.standstill.from)} | ${run.rows.map((each) => each.toFixed(1)).join(", ")} | ${run.seconds.toFixed(0)} s |`

const costOf = ({ cost, load, perSecond, transactions }: Throughput): string =>
  `${perSecond.toFixed(0)} a second; each ${cost.workers.toFixed(1)} ms of the workers, ${cost.postgres.toFixed(1)} ms of PostgreSQL and ${cost.mock.toFixed(1)} ms of the mock, in ${transactions.toFixed(1)} transactions; load ${load.toFixed(1)}`

if (!Postgres.isInstalled) {
  process.stderr.write("PostgreSQL 15 or newer is not installed: as root on Debian, apt-get install postgresql.\n")
  process.exit(2)
}
const server = await Postgres.start()
let isGood = true
// Whoever stops it leaves no server behind; workers end with the group.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void server.stop().finally(() => process.exit(1)))
}
try {
  if (parts.includes("chaos")) {
    say(
      "| seed | jobs | accepted by the mock | known + unknown | saved | wrong | what was done | longest between two polls | rows a job, and after prune | took |"
    )
    say("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for (const seed of values.seed.split(",").map(Number)) {
      const run = await soak({
        seed,
        jobs,
        workers: 3,
        database: server.database(),
        server,
        deeds: deedsOf(seed),
        every: 3000,
        within: 300_000,
        life: 20_000,
        pace: 3000
      })
      say(lineOf(seed, run))
      for (const each of run.wrong.slice(0, 20)) say(`  wrong: ${each}`)
      isGood &&= run.wrong.length === 0
    }
  }
  if (parts.includes("kills")) {
    const run = await soak({
      seed: 1,
      jobs: 300,
      workers: 3,
      database: server.database(),
      deeds: ["kill", "kill", "kill", "kill"],
      every: 8000,
      within: 120_000,
      life: 40_000,
      pace: 3000
    })
    say(`Kills alone, 300 jobs polled every 3 s, a lease of 6 s: ${(run.standstill.lasted / 1000).toFixed(1)} s between two polls at most`)
    isGood &&= run.wrong.length === 0
  }
  if (parts.includes("idle")) {
    const { cpu, memory, postgres } = await idle(server, 10_000, 30)
    const megabytes = memory.map((each) => each.toFixed(0)).join(" to ")
    say(`10,000 sleeping jobs, 2 workers: ${cpu.toFixed(1)} % of a core, PostgreSQL ${postgres.toFixed(1)} %; ${megabytes} MB`)
  }
  if (parts.includes("throughput")) {
    say(`Jobs that end at their first poll: ${costOf(await jobsThrough(server, jobs))}`)
    say(`Polls: ${costOf(await polls(server, jobs * 2, 20))}`)
  }
} finally {
  await server.stop()
}
process.exitCode = isGood ? 0 : 1
