"use strict";
// A cursor for every chart: with the pointer, or with the keys of a slider. The page is complete without it.
for (const chart of document.querySelectorAll(".chart")) {
  const svg = chart.querySelector(":scope > svg"), where = chart.querySelector(".where"), d = chart.dataset;
  const [left, top, width, height] = d.frame.split(" ").map(Number), x0 = +d.x0, x1 = +d.x1;
  const series = [...chart.querySelectorAll(".series")].map(e => {
    const text = e.dataset.y.split(" ");
    return { x: e.dataset.x.split(" ").map(Number), y: text.map(Number), text, name: e.childNodes[1].data.trim(), out: e.querySelector("b"), last: e.querySelector("b").textContent,
      dot: svg.appendChild(make("circle", { class: e.classList[1], r: 5, visibility: "hidden" })) };
  });
  const line = svg.appendChild(make("path", { class: "cursor", visibility: "hidden" }));
  const stops = [...new Set(series.flatMap(s => s.x))].sort((a, b) => a - b);
  let at = -1;
  function make(name, attributes) {
    const e = document.createElementNS(svg.namespaceURI, name);
    for (const k in attributes) e.setAttribute(k, attributes[k]);
    return e;
  }
  function nearest(list, v) {
    let i = 0, j = list.length - 1;
    while (j - i > 1) { const m = (i + j) >> 1; if (list[m] <= v) i = m; else j = m; }
    return v - list[i] <= list[j] - v ? i : j;
  }
  function show(i) {
    at = Math.max(0, Math.min(stops.length - 1, i));
    const x = stops[at], log = chart.querySelector(".pick-log"), graphs = [...svg.querySelectorAll(".graph")];
    const graph = graphs.length < 2 ? graphs[0] : svg.querySelector(log.checked ? ".graph.log" : ".graph.linear");
    const across = v => left + width * (v - x0) / (x1 - x0), y0 = +graph.dataset.y0, y1 = +graph.dataset.y1;
    const spoken = ["iteration " + x];
    where.textContent = "iteration " + x;
    line.setAttribute("d", `M${across(x)} ${top}v${height}`);
    line.setAttribute("visibility", "visible");
    for (const s of series) {
      const k = nearest(s.x, x), v = graph.classList.contains("log") ? Math.log10(s.y[k]) : s.y[k];
      const here = s.x[k] === x, f = (v - y0) / (y1 - y0);
      s.out.textContent = here ? s.text[k].replaceAll("-", "−") : "–";
      if (here) spoken.push(s.name + " " + s.text[k]);
      s.dot.setAttribute("visibility", here && f >= 0 && f <= 1 ? "visible" : "hidden");
      if (here && isFinite(f)) { s.dot.setAttribute("cx", across(x)); s.dot.setAttribute("cy", top + height * (1 - f)); }
    }
    svg.setAttribute("aria-valuenow", x);
    svg.setAttribute("aria-valuetext", spoken.join(", "));
  }
  function hide() {
    at = -1;
    where.textContent = "last";
    line.setAttribute("visibility", "hidden");
    for (const s of series) { s.out.textContent = s.last; s.dot.setAttribute("visibility", "hidden"); }
  }
  svg.setAttribute("tabindex", 0);
  svg.setAttribute("role", "slider");
  svg.setAttribute("aria-valuemin", stops[0]);
  svg.setAttribute("aria-valuemax", stops.at(-1));
  svg.setAttribute("aria-valuenow", stops.at(-1));
  svg.addEventListener("pointermove", e => {
    const box = svg.getBoundingClientRect();
    show(nearest(stops, x0 + ((e.clientX - box.left) * svg.viewBox.baseVal.width / box.width - left) / width * (x1 - x0)));
  });
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", e => {
    const page = Math.max(1, Math.round(stops.length / 10)), now = at < 0 ? stops.length - 1 : at;
    const to = { ArrowLeft: now - 1, ArrowDown: now - 1, ArrowRight: now + 1, ArrowUp: now + 1, PageDown: now - page, PageUp: now + page, Home: 0, End: stops.length - 1 }[e.key];
    if (e.key === "Escape") hide();
    if (to === undefined || e.altKey || e.ctrlKey || e.metaKey) return;
    e.preventDefault();
    show(to);
  });
  chart.addEventListener("change", () => { if (at >= 0) show(at); });
}
document.documentElement.classList.add("live");
