// Counts the remaining time of a window down, from the number of seconds that the server gave. It says hours and minutes, below an hour
// minutes, below a minute seconds. At zero the page is read anew, so that the next state shows.
"use strict";
for (const at of document.querySelectorAll("[data-countdown]")) {
  const whole = Number(at.dataset.countdown), began = performance.now();
  const say = (key, n, m) => at.dataset[key].replace("{n}", n).replace("{m}", m);
  const tick = () => {
    const left = Math.max(0, whole - Math.floor((performance.now() - began) / 1000));
    const hours = Math.floor(left / 3600), minutes = Math.floor(left / 60) % 60;
    const words = left >= 3600 ? say("hours", hours, minutes) : left >= 60 ? say("minutes", minutes) : say("seconds", left);
    if (at.textContent !== words) at.textContent = words;
    if (left === 0) { clearInterval(timer); setTimeout(() => location.reload(), 1500); }
  };
  const timer = setInterval(tick, 1000);
  tick();
}
