// Warns two minutes before the sign-in ends, and asks the broker to go on when the button is pressed. Requests of another tab are not
// seen here: the warning then comes too early, never too late.
(() => {
  const box = document.getElementById("idle-warning");
  const alertBox = document.getElementById("alert");
  if (!box) return;
  const limit = Number(box.dataset.seconds), warn = Number(box.dataset.warn);
  let timer;
  const start = () => {
    clearTimeout(timer);
    box.hidden = true;
    if (alertBox) alertBox.textContent = "";
    timer = setTimeout(() => {
      box.hidden = false;
      if (alertBox) alertBox.textContent = box.querySelector("p").firstChild.textContent;
    }, (limit - warn) * 1000);
  };
  document.getElementById("stay").addEventListener("click", async () => {
    const answer = await fetch(box.dataset.awake, { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" } });
    if (answer.ok) start();
  });
  start();
})();
