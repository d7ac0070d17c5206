// Playback of a recording: our own controls around the frame that draws it.
"use strict";
(() => {
  const root = document.getElementById("play"), frame = document.getElementById("player");
  if (!root || !frame) return;
  const get = (id) => document.getElementById(id);
  const loading = get("loading"), button = get("play-pause"), seek = get("seek"), position = get("position"), speed = get("speed");
  const post = (message) => frame.contentWindow.postMessage(message, "*");
  let playing = false, at = 0, length = 0, seeking = false;

  const clock = (s) => { s = Math.floor(s); return Math.floor(s / 3600) + ":" + String(Math.floor(s / 60) % 60).padStart(2, "0") + ":" + String(s % 60).padStart(2, "0"); };
  function show() {
    button.textContent = playing ? button.dataset.pause : button.dataset.play;
    if (length > 0) seek.max = String(Math.ceil(length));
    if (!seeking) seek.value = String(Math.floor(at));
    const text = root.dataset.position.replace("{at}", clock(at)).replace("{all}", clock(length));
    position.textContent = text;
    seek.setAttribute("aria-valuetext", text);
  }
  window.addEventListener("message", (event) => {
    if (event.source !== frame.contentWindow || !event.data) return;
    if (event.data.kind === "ready") load();
    if (event.data.kind === "failed") loading.textContent = root.dataset.failed;
    if (event.data.kind === "part") part(event.data.no);
    if (event.data.kind === "state") { at = event.data.at; length = event.data.length || length; playing = event.data.playing; show(); }
  });
  // A part of the picture is read when the player comes to it. Each is asked for on its own.
  async function part(no) {
    try {
      const reply = await fetch(root.dataset.parts.replace("/parts?", "/parts/" + no + "?"), { cache: "no-store" });
      if (!reply.ok) throw new Error(String(reply.status));
      post({ kind: "part", no, text: await reply.text() });
    } catch (error) {
      post({ kind: "part", no });
      loading.textContent = root.dataset.failed;
    }
  }
  async function reel() {
    if (!root.dataset.parts) return false;
    const reply = await fetch(root.dataset.parts, { cache: "no-store" });
    if (reply.status === 404) return false;
    if (!reply.ok) throw new Error(String(reply.status));
    post({ kind: "reel", text: await reply.text() });
    return true;
  }
  let loaded = false;
  async function load() {
    if (loaded) return;
    loaded = true;
    const late = setTimeout(() => { loading.textContent = root.dataset.preparing; }, 1000);
    try {
      if (!await reel()) {
        const reply = await fetch(root.dataset.cast, { cache: "no-store" });
        if (!reply.ok) throw new Error(String(reply.status));
        post({ kind: "cast", text: await reply.text() });
      }
      loading.textContent = "";
    } catch (error) {
      loading.textContent = root.dataset.failed;
    } finally { clearTimeout(late); }
  }
  const to = (seconds) => { at = Math.max(0, seconds); post({ kind: "seek", at }); show(); };
  button.addEventListener("click", () => post({ kind: playing ? "pause" : "play" }));
  get("back10").addEventListener("click", () => to(at - 10));
  get("on10").addEventListener("click", () => to(at + 10));
  seek.addEventListener("input", () => { seeking = true; });
  seek.addEventListener("change", () => { seeking = false; to(Number(seek.value)); });
  speed.addEventListener("change", () => post({ kind: "speed", speed: Number(speed.value) }));
  for (const mark of document.querySelectorAll("[data-play-ms]")) mark.addEventListener("click", () => {
    to(Number(mark.dataset.playMs) / 1000);
    if (length === 0 || at < length - 0.05) post({ kind: "play" }); // at its end the player would begin anew
    frame.scrollIntoView({ block: "nearest" });
  });
  // A frame that was ready before this script listened says so again; one that is not loaded yet will say it by itself.
  frame.addEventListener("load", () => post({ kind: "hello" }));
  post({ kind: "hello" });
  show();
})();
