"use strict";
(function () {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const options = { displayModeBar: false, displaylogo: false, responsive: true };

  // Colours in a figure are names of the page's CSS variables: read them as the page has them now.
  function inPageColors(text) {
    const style = getComputedStyle(document.documentElement);
    return text.replace(/var\((--[a-z0-9-]+)\)/g, (_, name) => style.getPropertyValue(name).trim());
  }

  function draw() {
    for (const place of document.querySelectorAll("[data-figure]")) {
      const text = document.getElementById("figure-" + place.dataset.figure).textContent;
      const figure = JSON.parse(inPageColors(text));
      if (place.clientWidth < 480) {
        figure.layout.font.size = 10;
        figure.layout.yaxis.title = { text: "" };
      }
      window.Plotly.react(place, figure.data, figure.layout, options);
    }
  }

  document.documentElement.classList.toggle("drawn", Boolean(window.Plotly));
  if (window.Plotly) {
    draw();
    dark.addEventListener("change", draw);
  }
})();
