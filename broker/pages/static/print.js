// The notice's print button: it is shown only where it works.
"use strict";
const button = document.getElementById("print");
if (button) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
