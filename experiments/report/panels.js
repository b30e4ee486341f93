
// Panels: a slider for time or training, and the number under the pointer or the arrow keys of a heat map.
function sliding(panel, show) {
  const slider = panel.querySelector("input"), play = panel.querySelector(".play");
  let timer = 0;
  function stop() { clearInterval(timer); timer = 0; play.textContent = "play"; }
  slider.addEventListener("input", () => { stop(); show(+slider.value); });
  play.addEventListener("click", () => {
    if (timer) return stop();
    const last = +slider.max, pause = Math.max(30, Math.min(600, 4000 / (last + 1)));
    if (+slider.value >= last) { slider.value = 0; show(0); }
    play.textContent = "stop";
    timer = setInterval(() => {
      slider.value = +slider.value + 1;
      show(+slider.value);
      if (+slider.value >= last) stop();
    }, pause);
  });
}
for (const panel of document.querySelectorAll(".flow")) {
  const now = panel.querySelector(".now"), t = panel.dataset.t.split(" "), dots = panel.querySelectorAll("figure > svg circle");
  const tracks = [...panel.querySelectorAll(".track")].map(e => (e.dataset.at || e.getAttribute("points")).split(" ").map(p => p.split(",")));
  sliding(panel, k => {
    now.textContent = now.dataset.unit + " = " + t[k].replaceAll("-", "−");
    tracks.forEach((track, i) => { dots[i].setAttribute("cx", track[k][0]); dots[i].setAttribute("cy", track[k][1]); });
  });
}
for (const panel of document.querySelectorAll(".frames")) {
  const now = panel.querySelector(".now"), images = panel.querySelectorAll("image");
  sliding(panel, k => {
    images.forEach((e, i) => e.setAttribute("visibility", i === k ? "visible" : "hidden"));
    now.textContent = images[k].dataset.label;
  });
}
for (const panel of document.querySelectorAll(".heat")) {
  const d = panel.dataset, columns = +d.columns, rows = +d.rows, x = d.x.split(" "), y = d.y.split(" "), v = d.v.split(" "), now = panel.querySelector(".now"), svg = panel.querySelector(":scope > svg");
  const [left, top, width, height] = d.frame.split(" ").map(Number), cell = document.createElementNS(svg.namespaceURI, "rect");
  let at = null;
  for (const [k, value] of [["class", "cell"], ["width", width / columns], ["height", height / rows], ["visibility", "hidden"]]) cell.setAttribute(k, value);
  svg.append(cell);
  function show(i, j) {
    i = Math.max(0, Math.min(columns - 1, i)); j = Math.max(0, Math.min(rows - 1, j));
    at = [i, j];
    cell.setAttribute("x", left + width * i / columns);
    cell.setAttribute("y", top + height * (rows - 1 - j) / rows);
    cell.setAttribute("visibility", "visible");
    now.textContent = `${d.xlabel} ${x[i]}, ${d.ylabel} ${y[j]}: ${d.name} = ${v[j * columns + i]}`.replaceAll("-", "−");
  }
  function hide() { cell.setAttribute("visibility", "hidden"); now.textContent = ""; at = null; }
  svg.setAttribute("tabindex", 0);
  svg.setAttribute("role", "group");
  svg.addEventListener("pointermove", e => {
    const box = svg.getBoundingClientRect(), unit = svg.viewBox.baseVal.width / box.width;
    const px = (e.clientX - box.left) * unit - left, py = (e.clientY - box.top) * unit - top;
    if (px < 0 || py < 0 || px > width || py > height) hide();
    else show(Math.floor(px / width * columns), rows - 1 - Math.floor(py / height * rows));
  });
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", e => {
    if (e.altKey || e.ctrlKey || e.metaKey) return;
    const [i, j] = at || [0, 0], to = at === null && e.key.startsWith("Arrow") ? [0, 0] : { ArrowLeft: [i - 1, j], ArrowRight: [i + 1, j], ArrowUp: [i, j + 1], ArrowDown: [i, j - 1], Home: [0, j], End: [columns - 1, j], PageUp: [i, rows - 1], PageDown: [i, 0] }[e.key];
    if (e.key === "Escape") hide();
    else if (to) show(...to);
    else return;
    e.preventDefault();
  });
}
