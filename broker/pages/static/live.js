// The attendant's console: the live picture, the refreshing of the page's regions, and the time left. Without this script the page still
// shows the steps and cuts.
"use strict";
(() => {
  const root = document.getElementById("live");
  if (!root) return;
  const said = (name) => root.dataset[name] || "";
  const status = document.getElementById("status"), alarm = document.getElementById("alert");
  const parse = window.trustedTypes
    ? window.trustedTypes.createPolicy("sekimori-live", { createHTML: (s) => s }) // this site's own page, as the server made it
    : { createHTML: (s) => s };

  // Pictures: one for each frame of the page.
  const socketOf = (path) => location.origin.replace(/^http/, "ws") + path;
  function picture(frame, path) {
    let drawnBy = 0, socket = null, held = [], heldBytes = 0, frozen = false, tries = 0, over = false, size = [80, 24];
    const post = (message) => frame.contentWindow.postMessage(message, "*");
    // A frame that was ready before this script listened says so again, which is no reason to join twice; one that was loaded anew knows nothing.
    window.addEventListener("message", (event) => {
      if (event.source !== frame.contentWindow || !event.data || event.data.kind !== "ready" || event.data.since === drawnBy) return;
      drawnBy = event.data.since;
      if (socket) { socket.onclose = null; socket.close(); }
      join();
    });
    frame.addEventListener("load", () => post({ kind: "hello" }));
    post({ kind: "hello" });
    function join() {
      socket = new WebSocket(socketOf(path));
      let first = true;
      socket.onmessage = (event) => {
        const list = JSON.parse(event.data);
        tries = 0;
        if (first) {
          first = false;
          const known = list.find((one) => one.k === "r");
          if (known) size = [known.c, known.r];
          post({ kind: "watch", cols: size[0], rows: size[1] });
        }
        take(list);
      };
      socket.onclose = (event) => {
        if (over || event.code === 1000 || event.code === 1008) { over = true; refresh(); return; }
        setTimeout(join, Math.min(10000, 500 * 2 ** tries++));
      };
    }
    function take(list) {
      if (list.some((one) => one.k === "x")) over = true;
      aloud(list);
      if (list.some((one) => one.k === "m" || one.k === "x")) soon();
      if (!frozen) { post({ kind: "pieces", list }); return; }
      held.push(...list);
      heldBytes += list.reduce((n, one) => n + (one.d || "").length, 0);
      while (heldBytes > 2 << 20 && held.length > 1) heldBytes -= (held.shift().d || "").length;
    }
    return {
      freeze(on) { frozen = on; if (!on) { post({ kind: "pieces", list: held }); held = []; heldBytes = 0; } },
      scale(n) { post({ kind: "size", scale: n }); },
    };
  }
  let main = null;
  for (const frame of document.querySelectorAll("iframe.player")) {
    const path = frame.dataset.socket || said("socket");
    if (!path) continue;
    const one = picture(frame, path);
    if (frame.id === "player") main = one;
  }

  const freeze = document.getElementById("freeze-view");
  if (freeze && main) freeze.addEventListener("click", () => {
    const on = freeze.getAttribute("aria-pressed") !== "true";
    freeze.setAttribute("aria-pressed", String(on));
    main.freeze(on);
  });
  let scale = 100;
  for (const [id, step] of [["larger", 20], ["smaller", -20]]) {
    const button = document.getElementById(id);
    if (button && main) button.addEventListener("click", () => { scale = Math.min(240, Math.max(60, scale + step)); main.scale(scale); });
  }

  // New output as words, only if the attendant asks for it.
  const wish = document.getElementById("read-aloud"), box = document.getElementById("aloud");
  function aloud(list) {
    if (!wish || !wish.checked) return;
    const text = list.filter((one) => one.k === "o").map((one) => one.d).join("")
      .replace(/\u001b(\[[0-9;?]*[ -\/]*[@-~]|[()][0-9A-B]|[@-Z\\-_78])/g, "").replace(/[\u0000-\u0009\u000b-\u001f]/g, "");
    if (!text.trim()) return;
    const line = document.createElement("p");
    line.textContent = text;
    box.append(line);
    while (box.children.length > 20) box.firstChild.remove();
  }
  if (wish) wish.addEventListener("change", () => box.setAttribute("aria-live", wish.checked ? "polite" : "off"));

  // The page's regions, as the server makes them. A region in which the reader types stays.
  const last = new Map();
  for (const region of document.querySelectorAll("[data-region]")) last.set(region.id, region.outerHTML);
  let failing = 0, busy = false, again = false, title = document.title;
  const asked = (page) => page.querySelectorAll("#asked .card").length;
  const cutOf = (page) => { const one = page.getElementById("cut"); return one ? one.dataset.cut || "" : ""; };
  const frozen = (page) => { const one = page.querySelector(".freeze"); return one ? one.textContent.replace(/\s+/g, " ").trim() : ""; };
  const heldOf = (page) => [...page.querySelectorAll("#held [data-held]")].map((one) => one.dataset.held + " " + (one.querySelector("code") || one).textContent);
  let asks = asked(document), waits = heldOf(document), cut = cutOf(document), freezes = frozen(document);
  const tell = (where, text) => { where.textContent = text; };
  async function refresh() {
    if (!said("self")) return;
    if (busy) { again = true; return; } // what it reads now may be from before
    busy = true;
    const began = Date.now();
    try {
      const reply = await fetch(said("self"), { headers: { "Sekimori-Refresh": "1" }, redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(8000) });
      if (!reply.ok) throw new Error(String(reply.status));
      const page = new DOMParser().parseFromString(parse.createHTML(await reply.text()), "text/html");
      failing = 0;
      if (alarm.dataset.lost) { delete alarm.dataset.lost; tell(alarm, ""); }
      for (const fresh of page.querySelectorAll("[data-region]")) put(fresh);
      news(page);
    } catch (error) {
      if (!failing) failing = began;
      if (Date.now() - failing > 8000 && !alarm.dataset.lost) { alarm.dataset.lost = "1"; tell(alarm, said("lost")); }
    } finally {
      busy = false;
      if (again) { again = false; soon(); }
    }
  }
  // One message for each thing that happened: what stops the work in the alert, all else in the status.
  function news(page) {
    const changed = page.title !== title, more = asked(page) > asks, stopped = cutOf(page) !== cut, ice = frozen(page) !== freezes;
    title = document.title = page.title;
    const held = heldOf(page).filter((one) => !waits.includes(one));
    asks = asked(page);
    waits = heldOf(page);
    cut = cutOf(page);
    freezes = frozen(page);
    if (ice) {
      const old = document.querySelector(".freeze"), fresh = page.querySelector(".freeze");
      if (old) old.remove();
      if (fresh) document.querySelector("header.top").after(document.importNode(fresh, true));
    }
    const text = [stopped ? cut : "", ice ? freezes : "", held.length ? said("held") + " " + held.join(" / ") : ""].filter(Boolean).join(" ");
    if (text) tell(alarm, text);
    if (more) tell(status, said("asked"));
    else if (changed && !text) tell(status, title);
  }
  function put(fresh) {
    const text = fresh.outerHTML, old = document.getElementById(fresh.id);
    if (!old || last.get(fresh.id) === text) return;
    const active = document.activeElement, inside = old.contains(active) && active !== old;
    if (inside && active.matches("input, textarea, select")) return; // someone types here
    if (fresh.id === "steps" && [...old.querySelectorAll("input:not([type=hidden])")].some((field) => field.value)) return;
    last.set(fresh.id, text);
    const copy = document.importNode(fresh, true);
    copy.querySelectorAll("[autofocus]").forEach((one) => one.removeAttribute("autofocus"));
    old.replaceWith(copy);
    tick();
    if (inside) {
      const again = sameOf(copy, active);
      if (!again) copy.tabIndex = -1; // the control is gone: the focus stays in its region
      (again || copy).focus({ preventScroll: true });
    }
    if (fresh.id === "cut") { const heading = document.getElementById("cut-title"); if (heading) heading.focus(); }
  }
  // The control of the fresh region that the reader's control has become.
  function sameOf(copy, was) {
    if (was.id && copy.querySelector("#" + CSS.escape(was.id))) return copy.querySelector("#" + CSS.escape(was.id));
    const leads = (one) => one.tagName + " " + (one.form ? one.form.getAttribute("action") : one.getAttribute("href")) + " " + one.textContent;
    return [...copy.querySelectorAll("a, button")].find((one) => leads(one) === leads(was));
  }
  let timer = 0;
  function soon() { clearTimeout(timer); timer = setTimeout(refresh, 300); }
  const every = Number(said("every"));
  if (every > 0) setInterval(refresh, every);

  // The time left, and one message each at ten, five and one minute.
  const warned = new Set();
  let before = null;
  const ahead = (Date.parse(said("now")) || Date.now()) - Date.now(); // of this machine's clock, which may be wrong
  function tick() {
    for (const one of document.querySelectorAll(".heldleft")) {
      const left = Math.max(0, Math.floor((Date.parse(one.dataset.until) - Date.now() - ahead) / 1000));
      one.textContent = said("sec").replace("{n}", String(left));
    }
    const shown = document.querySelector("[role=timer]");
    if (!shown) return;
    const left = Math.floor((Date.parse(shown.dataset.until) - Date.now() - ahead) / 1000);
    if (!(left >= 0)) return;
    if (left < 3600) {
      const text = left >= 60 ? said("min").replace("{n}", String(Math.floor(left / 60))) : said("sec").replace("{n}", String(left));
      const end = new Date(Date.parse(shown.dataset.until));
      const hour = shown.textContent.match(/\d\d:\d\d/);
      shown.textContent = text + said("end").replace("{end}", hour ? hour[0] : end.toTimeString().slice(0, 5));
    }
    if (before !== null) for (const [at, name, where] of [[600, "ten", status], [300, "five", status], [60, "one", alarm]]) {
      if (before > at && left <= at && !warned.has(at)) { warned.add(at); tell(where, said(name)); }
      if (left > at) warned.delete(at);
    }
    before = left;
  }
  setInterval(tick, 1000);
  tick();
  if (location.hash === "#cut-title") { const heading = document.getElementById("cut-title"); if (heading) heading.focus(); }
})();
