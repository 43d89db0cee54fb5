/** How the console looks: light or dark as the reader has it, in one column on a phone. */
export const css = `:root { color-scheme: light dark; --back: light-dark(#f4f5f7, #14161a); --card: light-dark(#fff, #1d2026); --text: light-dark(#1b1e24, #e6e8ec);
  --dim: light-dark(#5f6673, #9aa2b1); --line: light-dark(#d9dce2, #333842); --main: light-dark(#2757d6, #7ea2ff);
  --submitted: light-dark(#9aa3b2, #687184); --queued: light-dark(#d99a1b, #c58b1d); --running: light-dark(#3b77e6, #4a80e8);
  --good: light-dark(#15803d, #4ade80); --bad: light-dark(#c81e1e, #f87171); --file: light-dark(#7c3aed, #b794f6) }
* { box-sizing: border-box }
[hidden] { display: none !important }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif; font-variant-numeric: tabular-nums }
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; padding: .75rem 1rem; border-bottom: 1px solid var(--line); background: var(--card) }
h1 { font-size: 1.1rem; margin: 0 }
h2 { font-size: 1rem; margin: 0 0 .5rem }
h2 small { color: var(--dim); font-weight: normal }
code, pre, .mono { font-family: ui-monospace, monospace; font-size: .85rem; overflow-wrap: anywhere }
pre { margin: 0; white-space: pre-wrap; background: var(--back); padding: .5rem; border-radius: 6px }
#place { color: var(--dim) }
#live { margin-left: auto; color: var(--dim) }
#live::before { content: ""; display: inline-block; width: .6rem; height: .6rem; border-radius: 50%; margin-right: .4rem; background: var(--bad) }
#live.on::before { background: var(--good) }
main { display: grid; gap: 1rem; padding: 1rem; grid-template-columns: minmax(0, 1fr) 20rem; max-width: 90rem; margin: auto }
aside { display: flex; flex-direction: column; gap: 1rem; grid-column: 2; grid-row: 1 / span 2 }
#jobs, #journal { min-width: 0 }
#journal { grid-column: 1 }
aside > section, #journal, article { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .75rem 1rem }
article { margin-bottom: .75rem }
p { margin: .35rem 0 }
.dim, .none, .meta { color: var(--dim) }
.good { color: var(--good) }
.bad { color: var(--bad) }
label { display: inline-flex; align-items: center; gap: .5rem; flex-wrap: wrap }
input, select, button { font: inherit; color: inherit; background: var(--back); border: 1px solid var(--line); border-radius: 6px; padding: .3rem .55rem; min-height: 2.1rem; max-width: 100% }
button { cursor: pointer }
button:disabled { opacity: .45; cursor: default }
button.main { background: var(--main); border-color: var(--main); color: var(--card) }
:focus-visible { outline: 2px solid var(--main); outline-offset: 1px }
#times { width: 5rem }
#fault { width: 9.5rem; margin-right: .5rem }
.buttons { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center }
#filter { flex: 1 1 12rem }
#chosen button { margin: 0 .35rem .35rem 0 }
ul { margin: .35rem 0; padding-left: 1.1rem }
#now { font-size: 1.15rem }
.key { display: flex; flex-wrap: wrap; gap: .2rem 1rem; color: var(--dim); font-size: .85rem }
.key .tick { position: static; display: inline-block; margin-right: .35rem; vertical-align: middle; transform: none; height: .9rem }
.top { display: flex; flex-wrap: wrap; gap: .2rem .75rem; align-items: baseline }
.state { margin-left: auto; font-weight: 600 }
.state.submitted { color: var(--dim) } .state.queued { color: var(--queued) } .state.running { color: var(--running) }
.state.succeeded { color: var(--good) } .state.ended { color: var(--bad) }
.prompt { overflow-wrap: anywhere }
.line { position: relative; height: 1.9rem; margin: .6rem 0 .9rem; display: flex; border-radius: 5px; background: var(--back) }
.phase { overflow: hidden; white-space: nowrap; font-size: .75rem; line-height: 1.9rem; padding-left: .4rem; color: #fff; min-width: 0 }
.phase:first-child { border-radius: 5px 0 0 5px }
.phase.submitted { background: var(--submitted) } .phase.queued { background: var(--queued) } .phase.running { background: var(--running) }
.veil { position: absolute; inset: 0 0 0 auto; background: var(--card); opacity: .72; border-radius: 0 5px 5px 0 }
.tick { position: absolute; bottom: -.45rem; width: 3px; height: .8rem; border-radius: 2px; background: var(--text); transform: translateX(-1px) }
.tick.bad { background: var(--bad) } .tick.end { background: var(--good) } .tick.file { background: var(--file) }
.here { position: absolute; top: -.25rem; bottom: -.25rem; width: 2px; background: var(--text); transform: translateX(-1px) }
.below { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center }
video { display: block; width: 12rem; max-width: 100%; margin-top: .5rem; border-radius: 6px; background: #000; image-rendering: pixelated }
details { border-top: 1px solid var(--line); padding: .1rem 0 }
summary { display: grid; grid-template-columns: 6.5rem 3.5rem minmax(0, 1fr) auto; gap: .1rem .75rem; align-items: baseline; padding: .25rem 0; cursor: pointer; list-style: none }
summary::-webkit-details-marker { display: none }
summary:hover { background: var(--back) }
summary .what { overflow-wrap: anywhere }
.badge { border: 1px solid currentColor; border-radius: 99px; padding: 0 .5rem; margin-left: .35rem; font-size: .8rem; white-space: nowrap }
@media (max-width: 56rem) {
  main { grid-template-columns: minmax(0, 1fr); padding: .75rem }
  aside, #journal { grid-column: 1; grid-row: auto }
  summary { grid-template-columns: auto auto minmax(0, 1fr) }
  summary .what { grid-column: 1 / -1; grid-row: 2 }
  summary .end { text-align: right }
}
`
