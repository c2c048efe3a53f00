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
    button.addEventListener("click", () => saveFigure(place, format));
    row.append(button, " ");
  }
  place.after(row);
}
// PNG is painted from the SVG's own data address: plotly's way takes a blob: image, which the site's policy refuses.
async function saveFigure(place, format) {
  const width = place.clientWidth;
  const height = place.clientHeight;
  let address = await Plotly.toImage(place, { format: "svg", width, height });
  if (format === "png") {
    const picture = new Image();
    picture.src = address;
    await picture.decode();
    const canvas = document.createElement("canvas");
    canvas.width = 2 * width;
    canvas.height = 2 * height;
    const paint = canvas.getContext("2d");
    paint.fillStyle = "#fff";
    paint.fillRect(0, 0, canvas.width, canvas.height);
    paint.drawImage(picture, 0, 0, canvas.width, canvas.height);
    address = canvas.toDataURL("image/png");
  }
  const link = document.createElement("a");
  link.href = address;
  link.download = `figure.${format}`;
  link.click();
}
drawFigures();
document.addEventListener("figures:stale", drawFigures);
