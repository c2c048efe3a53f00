// Figures beside their tables: a page without scripts loses a picture, never a number.
"use strict";
function drawFigures() {
  for (const place of document.querySelectorAll(".chart[data-figure]")) {
    fetch(place.dataset.figure, { headers: { Accept: "application/json" } })
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
      .then((figure) => {
        place.classList.add("drawn");
        return Plotly.react(place, figure.data, figure.layout, { displayModeBar: false, responsive: true });
      })
      .catch(() => place.remove());
  }
}
drawFigures();
document.addEventListener("figures:stale", drawFigures);
