/** The console's page: a frame that its script fills. Its addresses are relative, so that it is the same below a world. */
export const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>reelay-mock</title>
<link rel="stylesheet" href="console.css">
<script src="console.js" defer></script>
</head>
<body>
<header>
<h1>reelay-mock</h1>
<code id="place"></code>
<span id="live" role="status">connecting</span>
</header>
<main>
<section id="jobs" aria-labelledby="jobs-title">
<h2 id="jobs-title">Jobs <small id="job-count"></small></h2>
<p class="key"><span><i class="tick"></i>poll</span><span><i class="tick bad"></i>poll that failed</span><span><i class="tick end"></i>end told</span><span><i class="tick file"></i>file</span></p>
<p id="no-jobs" class="none">No job yet. Submit one, as the box at the side shows.</p>
<div id="job-list"></div>
</section>
<aside>
<section aria-labelledby="clock-title">
<h2 id="clock-title">Clock</h2>
<p id="now"></p>
<p id="next-event" class="dim"></p>
<p><label>Moved by <select id="mode"><option value="given">the real clock</option><option value="frozen">hand (frozen)</option><option value="lockstep">its client (lock step)</option></select></label></p>
<p class="buttons"><button type="button" data-advance="1000">+1 s</button><button type="button" data-advance="10000">+10 s</button><button type="button" data-advance="60000">+1 min</button><button type="button" id="to-event">next event</button></p>
</section>
<section aria-labelledby="script-title">
<h2 id="script-title">The next submissions</h2>
<form id="script">
<p><label>Life <select id="life"><option value="">as usual</option></select></label></p>
<p id="life-what" class="dim"></p>
<p><label>Ending <select id="ending"><option value="">as the life has it</option></select></label></p>
<p><label>Faults <input id="fault" list="faults" placeholder="rate-limited" autocomplete="off"></label><button type="button" id="add-fault">Add</button><datalist id="faults"></datalist></p>
<p id="chosen"></p>
<p class="buttons"><label>How many <input id="times" type="number" min="1" value="1"></label><button type="submit" class="main">Play</button></p>
</form>
<p id="said" role="status"></p>
<ul id="waiting"></ul>
</section>
<section aria-labelledby="verdict-title">
<h2 id="verdict-title">Verdict <small id="total"></small></h2>
<ul id="findings"></ul>
<p id="no-findings" class="good">Nothing wrong so far.</p>
</section>
<section aria-labelledby="try-title">
<h2 id="try-title">Try it</h2>
<pre id="try"></pre>
<p class="buttons"><button type="button" id="reset">Forget all</button></p>
</section>
</aside>
<section id="journal" aria-labelledby="journal-title">
<h2 id="journal-title">Journal <small id="journal-count"></small></h2>
<p class="buttons"><input id="filter" type="search" placeholder="Filter: a path, status, fault, job" aria-label="Filter the journal"><select id="route" aria-label="Kind of request"><option value="">every request</option><option>submit</option><option>poll</option><option>content</option><option>file</option><option>unknown</option></select></p>
<p id="no-rows" class="none">No request yet.</p>
<div id="rows"></div>
</section>
</main>
</body>
</html>
`
