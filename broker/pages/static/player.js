// The frame that draws a terminal. It takes messages from the page around it alone, and asks for nothing else.
"use strict";
(() => {
  const screen = document.getElementById("screen");
  let player = null, live = null, source = null, speed = 1, waiting = [];

  const tell = (message) => window.parent.postMessage(message, "*");
  const reduced = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const look = () => ({ controls: false, fit: false, terminalFontSize: "medium", cursorMode: reduced ? "steady" : "blinking", adaptivePalette: false });

  let playing = false;
  function state() {
    if (player) tell({ kind: "state", at: player.getCurrentTime() || 0, length: player.getDuration() || 0, playing });
  }
  function make(source, options) {
    if (player) player.dispose();
    playing = false;
    player = AsciinemaPlayer.create(source, screen, Object.assign(look(), options));
    for (const [name, value] of [["playing", true], ["pause", false], ["ended", false]]) player.addEventListener(name, () => { playing = value; state(); });
    for (const name of ["ready", "metadata", "seeked"]) player.addEventListener(name, state);
    player.addEventListener("error", () => tell({ kind: "failed" }));
  }
  const later = (done) => Promise.resolve(done).then(state, state);

  // A recording: the text of an asciicast. Its length is told as soon as it is read: a frame outside the window draws nothing for a while.
  function recording(at, run) {
    make(source, { speed, preload: true, startAt: at || 0 });
    const begun = later(player.seek(at || 0));
    if (run) begun.then(() => player.play());
  }

  // A recording in parts: the player asks for its list and its parts by fetch, which this frame may not. The page around it hands them over.
  let list = "";
  const parts = new Map(); // number: the promise of its text, and what fulfils it
  function asked(no) {
    if (!parts.has(no)) {
      const one = {};
      one.text = new Promise((give, fail) => { one.give = give; one.fail = fail; });
      parts.set(no, one);
      tell({ kind: "part", no });
    }
    return parts.get(no).text;
  }
  window.fetch = async (address) => {
    const found = /\/reel\/(?:parts\/(\d+))?$/.exec(new URL(address, window.location.href).pathname);
    if (!found) throw new Error("nothing else is fetched here");
    if (found[1] === undefined) return new Response(list);
    try { return new Response(await asked(found[1])); } finally { parts.delete(found[1]); }
  };

  // A live session: the page hands pieces over as they come.
  function watch(cols, rows) {
    live = null;
    make((callbacks) => ({
      play() {
        callbacks.dispatch("play");
        callbacks.dispatch("reset", { size: { cols: cols || 80, rows: rows || 24 } });
        callbacks.dispatch("playing");
        live = callbacks.dispatch;
        const late = waiting;
        waiting = [];
        late.forEach(piece);
        return true;
      },
      stop() { live = null; },
      getTiming: () => ({ time: 0, rate: 0 }),
    }), { autoPlay: true, cols: cols || 80, rows: rows || 24 });
  }
  function piece(one) {
    if (!live) { waiting.push(one); return; }
    if (one.k === "o") live("output", one.d);
    if (one.k === "r") live("resize", { cols: one.c, rows: one.r });
  }

  const does = {
    cast: (m) => { source = { data: m.text, parser: "asciicast" }; recording(0, false); },
    reel: (m) => { list = m.text; source = { url: "reel/", format: "segmented" }; recording(0, false); },
    part: (m) => {
      const one = parts.get(String(m.no));
      if (one && m.text === undefined) one.fail(new Error("the part did not come"));
      if (one && m.text !== undefined) one.give(m.text);
    },
    play: () => player && player.play(),
    pause: () => player && player.pause(),
    seek: (m) => player && later(player.seek(Math.max(0, m.at))),
    speed: (m) => { const at = player ? player.getCurrentTime() || 0 : 0, run = playing; speed = m.speed; if (source) recording(at, run); },
    size: (m) => { screen.style.zoom = m.scale / 100; },
    watch: (m) => watch(m.cols, m.rows),
    pieces: (m) => m.list.forEach(piece),
    ask: state,
    hello: () => tell({ kind: "ready", since: performance.timeOrigin }), // the page listens later than the frame was ready
  };
  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || !event.data || !Object.hasOwn(does, event.data.kind)) return;
    does[event.data.kind](event.data);
  });
  setInterval(() => { if (playing) state(); }, 250);
  does.hello();
})();
