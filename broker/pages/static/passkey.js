// Passkeys. A box with data-passkey shows a passkey in the place of a code; a box with data-make makes one. Without script, or in a browser
// without passkeys, the boxes stay hidden and the code does.
(() => {
  const supported = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON;
  if (!supported) return;
  const ready = (box, input, answer) => {
    const told = box.querySelector("[role=status]");
    box.hidden = false;
    box.querySelector("button").addEventListener("click", async () => {
      told.textContent = "";
      const form = box.closest("form");
      try {
        const made = await answer();
        form.elements[input].value = JSON.stringify(made.toJSON());
      } catch {
        told.textContent = box.dataset.failed;
        return;
      }
      form.requestSubmit();
    });
  };
  for (const box of document.querySelectorAll("[data-passkey]")) {
    ready(box, "passkey", async () => {
      const options = await fetch(box.dataset.passkey, { method: "POST" });
      if (!options.ok) throw new Error(String(options.status));
      return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(await options.json()) });
    });
  }
  for (const box of document.querySelectorAll("[data-make]")) {
    ready(box, "made", () => navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(JSON.parse(box.dataset.make)) }));
  }
})();
