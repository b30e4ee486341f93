"use strict";
// Charts: a cursor with the pointer or the keys of a slider, and a part of the range on its own. The page is complete without it.
function nearest(list, v) {
  let i = 0, j = list.length - 1;
  while (j - i > 1) { const m = (i + j) >> 1; if (list[m] <= v) i = m; else j = m; }
  return v - list[i] <= list[j] - v ? i : j;
}
// The last index whose entry is not above v, or -1.
function before(list, v) {
  let i = -1, j = list.length;
  while (j - i > 1) { const m = (i + j) >> 1; if (list[m] <= v) i = m; else j = m; }
  return i;
}
// About n round numbers from lo to hi.
function rounds(lo, hi, n) {
  const raw = (hi - lo) / n, p = 10 ** Math.floor(Math.log10(raw)), step = p * ([1, 2, 5].find(f => 1.25 * f * p >= raw) || 10), out = [];
  for (let k = Math.ceil(lo / step - 1e-9); k * step <= hi * (1 + 1e-12) + step * 1e-9 && out.length < 50; k++) out.push(k * step);
  return out.map(v => {
    const a = Math.abs(v), digits = Math.min(12, Math.max(0, Math.round(Math.log10(a / step)))); // after the first one
    return [v, a < step / 2 ? "0" : a < 1e-3 || a >= 1e6 ? v.toExponential(digits).replace("e+", "e") : +v.toPrecision(digits + 2) + ""];
  });
}
for (const chart of document.querySelectorAll(".chart")) {
  const svg = chart.querySelector(":scope > svg"), where = chart.querySelector(".where"), reset = chart.querySelector(".reset"), d = chart.dataset, hold = d.hold === "1", dots = chart.classList.contains("dots");
  const [left, top, width, height] = d.frame.split(" ").map(Number), all = [+d.x0, +d.x1];
  let [x0, x1] = all, part = null; // part: the graph of a part of the range, with its scale
  const series = [...chart.querySelectorAll(".series")].map(e => {
    const text = e.dataset.y.split(" ");
    return { x: e.dataset.x.split(" ").map(Number), y: text.map(Number), text, name: e.childNodes[1].data.trim(), out: e.querySelector("b"), last: e.querySelector("b").textContent, style: e.classList[1],
      dot: make("circle", { class: e.classList[1], r: 5, visibility: "hidden" }) };
  });
  const line = make("path", { class: "cursor", visibility: "hidden" }), band = make("rect", { class: "band", y: top, height, visibility: "hidden" });
  const stops = [...new Set(series.flatMap(s => s.x))].sort((a, b) => a - b);
  let at = -1, drag = null;
  function make(name, attributes, parent = svg) {
    const e = document.createElementNS(svg.namespaceURI, name);
    for (const k in attributes) e.setAttribute(k, attributes[k]);
    return parent.appendChild(e);
  }
  const isLog = () => { const log = chart.querySelector(".pick-log"), only = svg.querySelector(".graph"); return log ? log.checked : only.classList.contains("log"); };
  const across = v => left + width * (v - x0) / (x1 - x0);
  const value = px => x0 + (px - left) / width * (x1 - x0);
  const place = e => { const box = svg.getBoundingClientRect(); return (e.clientX - box.left) * svg.viewBox.baseVal.width / box.width; };
  function scale() {
    if (part) return part;
    const g = svg.querySelector(isLog() ? ".graph.log" : ".graph.linear");
    return { y0: +g.dataset.y0, y1: +g.dataset.y1, log: isLog() };
  }
  function show(i) {
    at = Math.max(0, Math.min(stops.length - 1, i));
    const x = stops[at], { y0, y1, log } = scale(), name = d.unit + " " + String(x).replaceAll("-", "−"), spoken = [d.unit + " " + x];
    where.textContent = name;
    line.setAttribute("d", `M${across(x)} ${top}v${height}`);
    line.setAttribute("visibility", x < x0 || x > x1 ? "hidden" : "visible");
    for (const s of series) {
      const k = hold ? before(s.x, x) : nearest(s.x, x), here = k >= 0 && (hold || s.x[k] === x);
      const v = here ? (log ? Math.log10(s.y[k]) : s.y[k]) : NaN, f = (v - y0) / (y1 - y0);
      s.out.textContent = here ? s.text[k].replaceAll("-", "−") : "–";
      if (here) spoken.push(s.name + " " + s.text[k]);
      s.dot.setAttribute("visibility", here && f >= 0 && f <= 1 && s.x[k] >= x0 && s.x[k] <= x1 ? "visible" : "hidden");
      if (here && isFinite(f)) { s.dot.setAttribute("cx", across(s.x[k])); s.dot.setAttribute("cy", top + height * (1 - f)); }
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
  // Show the range from a to b; the whole where that is most of it.
  function zoom(a, b) {
    if (part) { part.group.remove(); part = null; }
    const whole = a <= all[0] && b >= all[1] || !(b > a);
    [x0, x1] = whole ? all : [Math.max(a, all[0]), Math.min(b, all[1])];
    chart.classList.toggle("zoomed", !whole);
    reset.hidden = whole;
    if (whole) return;
    const log = isLog(), level = v => log ? Math.log10(v) : v;
    let lo = Infinity, hi = -Infinity;
    for (const s of series) s.x.forEach((x, k) => {
      const v = level(s.y[k]);
      if (x >= x0 && x <= x1 && isFinite(v)) { lo = Math.min(lo, v); hi = Math.max(hi, v); }
    });
    if (lo > hi) { lo = 0; hi = 1; }
    const margin = 0.05 * (hi - lo) || 0.5 * Math.abs(lo) || 1, y0 = lo - margin, y1 = hi + margin;
    const up = v => top + height * (1 - (level(v) - y0) / (y1 - y0));
    const group = make("g", { class: "part" });
    svg.insertBefore(group, line);
    const steps = log ? (y1 - y0 < 1.2 ? rounds(10 ** y0, 10 ** y1, 5) : rounds(y0, y1, 5).filter(t => Number.isInteger(t[0])).map(t => [10 ** t[0], "1e" + t[0]])) : rounds(y0, y1, 5);
    for (const [v, label] of steps) {
      const y = up(v);
      if (!(y >= top - 1 && y <= top + height + 1)) continue;
      make("path", { class: "grid", d: `M${left - 8} ${y}H${left + width}` }, group);
      make("text", { class: "ytick", x: left - 8, dx: -3, y, dy: ".35em" }, group).textContent = label.replaceAll("-", "−");
    }
    for (const [v, label] of rounds(x0, x1, 6)) {
      make("path", { class: "axis", d: `M${across(v)} ${top + height}v5` }, group);
      make("text", { class: "xtick", x: across(v), y: top + height + 20 }, group).textContent = label.replaceAll("-", "−");
    }
    const inner = make("svg", { x: left, y: top, width, height, viewBox: `${left} ${top} ${width} ${height}` }, group);
    for (const s of series) {
      let path = "", pen = false;
      s.x.forEach((x, k) => {
        const near = x >= x0 && x <= x1 || s.x[k + 1] >= x0 && x < x0 || s.x[k - 1] <= x1 && x > x1, y = up(s.y[k]);
        if (near && isFinite(y)) path += (pen ? "L" : "M") + across(x).toFixed(1) + " " + y.toFixed(1) + (dots ? "h0" : "");
        pen = !dots && near && isFinite(y);
      });
      make("path", { class: "line " + s.style, d: path }, inner);
    }
    part = { group, y0, y1, log };
  }
  function around(factor) {
    const c = at < 0 ? (x0 + x1) / 2 : stops[at], half = (x1 - x0) / 2 * factor;
    zoom(c - half, c + half);
    if (at >= 0) show(at);
  }
  svg.setAttribute("tabindex", 0);
  svg.setAttribute("role", "slider");
  svg.setAttribute("aria-valuemin", stops[0]);
  svg.setAttribute("aria-valuemax", stops.at(-1));
  svg.setAttribute("aria-valuenow", stops.at(-1));
  svg.addEventListener("pointerdown", e => { if (e.button === 0) drag = place(e); });
  svg.addEventListener("pointermove", e => {
    const px = place(e);
    if (drag !== null) {
      const a = Math.max(left, Math.min(drag, px)), b = Math.min(left + width, Math.max(drag, px));
      band.setAttribute("x", a);
      band.setAttribute("width", Math.max(0, b - a));
      band.setAttribute("visibility", b - a > 8 ? "visible" : "hidden");
    }
    show(nearest(stops, value(px)));
  });
  addEventListener("pointerup", e => {
    if (drag === null) return;
    const px = place(e), a = Math.max(left, Math.min(drag, px)), b = Math.min(left + width, Math.max(drag, px));
    drag = null;
    band.setAttribute("visibility", "hidden");
    if (b - a > 8) { zoom(value(a), value(b)); hide(); }
  });
  addEventListener("pointercancel", () => { drag = null; band.setAttribute("visibility", "hidden"); });
  svg.addEventListener("dblclick", () => { zoom(...all); hide(); });
  reset.addEventListener("click", () => { zoom(...all); hide(); svg.focus(); });
  svg.addEventListener("pointerleave", hide);
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", e => {
    if (e.altKey || e.ctrlKey || e.metaKey) return;
    const page = Math.max(1, Math.round(stops.length / 10)), now = at < 0 ? stops.length - 1 : at;
    const to = { ArrowLeft: now - 1, ArrowDown: now - 1, ArrowRight: now + 1, ArrowUp: now + 1, PageDown: now - page, PageUp: now + page, Home: 0, End: stops.length - 1 }[e.key];
    if (e.key === "Escape") hide();
    else if (e.key === "+" || e.key === "=") around(0.5);
    else if (e.key === "-") around(2);
    else if (e.key === "0") { zoom(...all); if (at >= 0) show(at); }
    else if (to !== undefined) show(to);
    else return;
    e.preventDefault();
  });
  chart.addEventListener("change", () => { zoom(x0, x1); if (at >= 0) show(at); });
}
document.documentElement.classList.add("live");
