// The frame that draws a terminal. It takes messages from the page around it alone, and asks for nothing else.
"use strict";
(() => {
  const screen = document.getElementById("screen");
  let player = null, live = null, text = "", speed = 1, waiting = [];

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
  function cast(at, run) {
    make({ data: text, parser: "asciicast" }, { speed, preload: true, startAt: at || 0 });
    const begun = later(player.seek(at || 0));
    if (run) begun.then(() => player.play());
  }

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
    cast: (m) => { text = m.text; cast(0, false); },
    play: () => player && player.play(),
    pause: () => player && player.pause(),
    seek: (m) => player && later(player.seek(Math.max(0, m.at))),
    speed: (m) => { const at = player ? player.getCurrentTime() || 0 : 0, run = playing; speed = m.speed; if (text) cast(at, run); },
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
