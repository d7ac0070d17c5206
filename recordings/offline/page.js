// The player of an offline page: our own controls, and the recording that the page holds.
"use strict";
(() => {
  const get = (id) => document.getElementById(id), root = document.documentElement;
  const events = JSON.parse(get("data").textContent), size = events.pop();
  let player = null, playing = false, speed = 1;

  const cast = (lang) => [{ version: 2, width: size[2] || 80, height: size[3] || 24 }].concat(events.map((e) => [e[0] / 1e6, e[1], lang === "ja" && e.length > 3 ? e[3] : e[2]]));
  const clock = (s) => { s = Math.floor(s); return Math.floor(s / 3600) + ":" + String(Math.floor(s / 60) % 60).padStart(2, "0") + ":" + String(s % 60).padStart(2, "0"); };
  function show() {
    const at = player.getCurrentTime() || 0, all = player.getDuration() || 0;
    get("seek").max = String(Math.max(Math.ceil(all), 1));
    get("seek").value = String(Math.floor(at));
    get("position").textContent = clock(at) + " / " + clock(all);
    get("seek").setAttribute("aria-valuetext", get("position").textContent);
  }
  function make(at, run) {
    if (player) player.dispose();
    playing = false;
    const options = { controls: false, fit: false, terminalFontSize: "medium", cursorMode: "steady", preload: true, speed };
    if (get("idle").checked) options.idleTimeLimit = 2;
    player = AsciinemaPlayer.create({ data: cast(root.lang), parser: "asciicast" }, get("screen"), options);
    for (const [name, value] of [["playing", true], ["pause", false], ["ended", false]]) player.addEventListener(name, () => { playing = value; show(); });
    for (const name of ["ready", "metadata", "seeked"]) player.addEventListener(name, show);
    Promise.resolve(player.seek(at)).then(() => { show(); if (run) player.play(); });
  }
  const to = (at) => Promise.resolve(player.seek(Math.max(0, at))).then(show);
  const again = () => make(player.getCurrentTime() || 0, playing);
  // Where a time of the session stands in the picture.
  function place(ms) {
    if (!get("idle").checked) return ms / 1000;
    let at = 0, last = 0;
    for (const e of events) {
      const next = Math.min(e[0], ms * 1000);
      at += Math.min(next - last, 2e6);
      if (e[0] >= ms * 1000) break;
      last = e[0];
    }
    return at / 1e6;
  }
  get("play").addEventListener("click", () => playing ? player.pause() : player.play());
  get("back").addEventListener("click", () => to((player.getCurrentTime() || 0) - 10));
  get("on").addEventListener("click", () => to((player.getCurrentTime() || 0) + 10));
  get("seek").addEventListener("change", () => to(Number(get("seek").value)));
  get("speed").addEventListener("change", () => { speed = Number(get("speed").value); again(); });
  get("idle").addEventListener("change", () => make(0, false));
  for (const lang of ["ja", "en"]) get("to-" + lang).addEventListener("click", () => { root.lang = lang; again(); });
  for (const mark of document.querySelectorAll("[data-ms]")) mark.addEventListener("click", () => to(place(Number(mark.dataset.ms))).then(() => {
    if ((player.getCurrentTime() || 0) < (player.getDuration() || 0) - 0.05) player.play(); // at its end the player would begin anew
  }));
  setInterval(() => { if (playing) show(); }, 250);
  make(0, false);
})();
