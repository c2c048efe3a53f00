// The board follows its round: asks only for what changed, rests while nobody looks, and has its figures drawn anew.
"use strict";
let shown = document.getElementById("board").dataset.version;
document.addEventListener("htmx:before:request", (event) => {
  if (document.hidden) {
    event.preventDefault();
  } else {
    event.detail.ctx.request.headers["If-None-Match"] = `"${shown}"`;
  }
});
document.addEventListener("htmx:after:swap", () => {
  const { version } = document.getElementById("board").dataset;
  if (version !== shown) {
    shown = version;
    document.dispatchEvent(new Event("figures:stale"));
  }
});
