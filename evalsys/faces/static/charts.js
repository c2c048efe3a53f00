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
      .then(() => offerFiles(place))
      .catch(() => place.remove());
  }
}
// The picture itself as a file; its buttons stand behind it, since a picture holds none.
function offerFiles(place) {
  if (!place.dataset.save || place.nextElementSibling?.classList.contains("chart-files")) {
    return;
  }
  const row = document.createElement("p");
  row.className = "chart-files";
  for (const format of ["svg", "png"]) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn-sm btn-outline-secondary";
    button.textContent = place.dataset.save.replace("KIND", format.toUpperCase());
    button.setAttribute("aria-label", `${button.textContent}: ${place.getAttribute("aria-label")}`);
    button.addEventListener("click", () =>
      Plotly.downloadImage(place, { format, filename: "figure", width: place.clientWidth, height: place.clientHeight, scale: 2 }),
    );
    row.append(button, " ");
  }
  place.after(row);
}
drawFigures();
document.addEventListener("figures:stale", drawFigures);
