"use strict";
const index = JSON.parse(document.getElementById("index").textContent);
const images = index.images, payloads = new Map(), waiting = new Map();
const el = id => document.getElementById(id);
const on = { invert: false, lens: false, outlines: true, labels: false, pair: false, marks: true, help: false };
let panes = [], lit = null, pointed = null;

// payloads: embedded in the page, or scripts beside it that call phantomLoad
window.phantomLoad = (n, payload) => { (waiting.get(n) || (() => {}))(payload); };
async function load(n) {
  if (payloads.has(n)) return payloads.get(n);
  const here = el("payload-" + n);
  const told = here ? JSON.parse(here.textContent) : await new Promise((done, fail) => {
    waiting.set(n, done);
    const script = document.createElement("script");
    script.src = index.files + "/" + String(n).padStart(6, "0") + ".js";
    script.onerror = () => fail(new Error(script.src + " is missing: keep the folder beside the page"));
    document.head.append(script);
  });
  told.values = await unpack(told.pixels, images[n].rows * images[n].columns);
  delete told.pixels;
  payloads.set(n, told);
  while (payloads.size > 6) payloads.delete(payloads.keys().next().value);
  return told;
}

// the high bytes of all pixels, then the low ones, deflated, in base64
async function unpack(text, size) {
  const packed = Uint8Array.from(atob(text), c => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const out = new Uint16Array(size);
  for (let i = 0; i < size; i++) out[i] = bytes[i] << 8 | bytes[size + i];
  return out;
}

class Pane {
  constructor() {
    this.root = document.createElement("figure");
    this.root.className = "pane";
    this.root.style.margin = 0;
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.caption = document.createElement("figcaption");
    this.root.append(this.canvas, this.caption);
    this.picture = document.createElement("canvas");
    this.ink = this.picture.getContext("2d", { willReadFrequently: true });
    this.zoom = 1; this.x = 0; this.y = 0; this.lens = null;
    this.listen();
  }
  async show(n) {
    this.n = n; this.row = images[n];
    this.caption.textContent = "Loading " + this.row.image_id + " …";
    this.data = await load(n);
    if (this.n !== n) return;
    [this.center, this.width] = this.row.window;
    this.canvas.setAttribute("aria-label", `${this.row.image_id}, ${this.data.calcifications.length} calcifications`);
    this.picture.width = this.row.columns; this.picture.height = this.row.rows;
    this.caption.textContent = `${this.row.image_id} · ${this.row.class} · density ${this.row.birads_density} · synthetic`;
    this.fit(); this.tone();
  }
  fit() {
    const w = this.canvas.clientWidth || 600, h = this.canvas.clientHeight || 600;
    this.zoom = Math.min(w / this.row.columns, h / this.row.rows);
    this.x = (w - this.row.columns * this.zoom) / 2; this.y = (h - this.row.rows * this.zoom) / 2;
  }
  scale(factor, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    const zoom = Math.min(Math.max(this.zoom * factor, 0.02), 40);
    this.x = x - (x - this.x) * zoom / this.zoom; this.y = y - (y - this.y) * zoom / this.zoom;
    this.zoom = zoom; this.draw();
  }
  // 16-bit values through the window (DICOM PS3.3 C.11.2.1.2.1) to grey
  tone() {
    if (!this.data) return;
    const table = new Uint32Array(65536), low = this.center - 0.5, w = Math.max(this.width - 1, 1);
    for (let v = 0; v < 65536; v++) {
      let grey = Math.round(255 * Math.min(Math.max((v - low) / w + 0.5, 0), 1));
      if (on.invert) grey = 255 - grey;
      table[v] = 0xff000000 | grey << 16 | grey << 8 | grey;
    }
    const pixels = new ImageData(this.row.columns, this.row.rows), to = new Uint32Array(pixels.data.buffer);
    const from = this.data.values;
    for (let i = 0; i < to.length; i++) to[i] = table[from[i]];
    this.ink.putImageData(pixels, 0, 0);
    this.draw();
  }
  draw() {
    if (!this.data) return;
    const ratio = devicePixelRatio || 1, w = this.canvas.clientWidth, h = this.canvas.clientHeight;
    if (this.canvas.width !== w * ratio || this.canvas.height !== h * ratio) { this.canvas.width = w * ratio; this.canvas.height = h * ratio; }
    const c = this.canvas.getContext("2d");
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.fillStyle = "#000"; c.fillRect(0, 0, w, h);
    this.paint(c, this.zoom, this.x, this.y);
    if (on.lens && this.lens) {
      const [x, y] = this.lens, r = 110, k = Math.max(4 * this.zoom, 3);
      c.save(); c.beginPath(); c.arc(x, y, r, 0, 7); c.clip();
      c.fillStyle = "#000"; c.fillRect(x - r, y - r, 2 * r, 2 * r);
      this.paint(c, k, x - (x - this.x) * k / this.zoom, y - (y - this.y) * k / this.zoom);
      c.restore(); c.strokeStyle = "#888"; c.lineWidth = 1; c.beginPath(); c.arc(x, y, r, 0, 7); c.stroke();
    }
  }
  paint(c, zoom, x, y) {
    c.imageSmoothingEnabled = zoom < 1;
    c.drawImage(this.picture, x, y, this.row.columns * zoom, this.row.rows * zoom);
    const at = (u, v) => [x + (u + 0.5) * zoom, y + (v + 0.5) * zoom];
    if (on.outlines) for (const grain of this.data.calcifications) {
      c.strokeStyle = lit === grain.finding_id ? "#ffd24a" : grain.class === "suspicious" ? "#ff6b5e" : grain.class === "artefact" ? "#b48cff" : "#56c8ff";
      c.lineWidth = lit === grain.finding_id ? 2 : 1;
      c.beginPath();
      const p = grain.outline;
      for (let i = 0; i < p.length; i += 2) c[i ? "lineTo" : "moveTo"](...at(p[i], p[i + 1]));
      c.closePath(); c.stroke();
    }
    for (const finding of this.data.findings) if (on.outlines || on.labels) {
      const [u, v] = at(finding.box_x_px - 0.5, finding.box_y_px - 0.5);
      c.strokeStyle = lit === finding.finding_id ? "#ffd24a" : "#7f8790"; c.lineWidth = 1;
      if (on.outlines) { c.setLineDash([4, 3]); c.strokeRect(u - 3, v - 3, finding.box_w_px * zoom + 6, finding.box_h_px * zoom + 6); c.setLineDash([]); }
      if (on.labels) { c.fillStyle = "#ffe9a8"; c.font = "12px sans-serif"; c.fillText(`${finding.descriptor || finding.kind} (${finding.category})`, u, v - 7); }
    }
    if (on.marks) for (const mark of this.data.marks) if (mark.score >= threshold()) {
      const [u, v] = at(mark.x, mark.y);
      c.strokeStyle = mark.fate === "hit" ? "#5dff8f" : mark.fate === "false" ? "#ff4fd8" : "#999"; c.lineWidth = 1.5;
      c.beginPath(); c.arc(u, v, 9, 0, 7); c.stroke();
    }
  }
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    return [x, y, Math.floor((x - this.x) / this.zoom), Math.floor((y - this.y) / this.zoom)];
  }
  value(column, row) {
    return column < 0 || row < 0 || column >= this.row.columns || row >= this.row.rows ? null : this.data.values[row * this.row.columns + column];
  }
  under(column, row) {
    const flat = row * this.row.columns + column;
    return this.data.calcifications.filter(g => column >= g.box_x_px && column < g.box_x_px + g.box_w_px && row >= g.box_y_px &&
      row < g.box_y_px + g.box_h_px && g.runs.some((start, i) => i % 2 === 0 && flat >= start && flat < start + g.runs[i + 1]));
  }
  listen() {
    const c = this.canvas;
    let from = null, moved = false;
    c.addEventListener("pointerdown", e => {
      if (!this.data) return;
      c.focus(); moved = false;
      from = [e.clientX, e.clientY, this.center, this.width, this.x, this.y, e.shiftKey || e.button === 1];
      try { c.setPointerCapture(e.pointerId); } catch { /* a pointer made by a script */ }
    });
    c.addEventListener("pointermove", e => {
      if (!this.data) return;
      const [x, y, column, row] = this.place(e);
      this.lens = [x, y];
      if (!from) { tell(this, column, row); if (on.lens) this.draw(); return; }
      const dx = e.clientX - from[0], dy = e.clientY - from[1];
      moved ||= Math.abs(dx) + Math.abs(dy) > 3;
      if (from[6]) { this.x = from[4] + dx; this.y = from[5] + dy; this.draw(); }
      else if (moved) { for (const pane of panes) { pane.width = Math.max(from[3] + 8 * dx, 2); pane.center = from[2] + 4 * dy; } later(); status(this); }
    });
    c.addEventListener("pointerup", e => {
      if (from && !moved) {
        const found = this.under(...this.place(e).slice(2));
        lit = found.length ? found[0].finding_id : null;
        panes.forEach(pane => pane.draw());
      }
      from = null;
    });
    c.addEventListener("wheel", e => { e.preventDefault(); if (this.data) this.scale(Math.exp(-e.deltaY / 400), ...this.place(e).slice(0, 2)); }, { passive: false });
  }
}

let due = false;
// at the next frame; a page that is not on screen has none, so the clock will do
function later() {
  if (due) return;
  due = true;
  const go = () => { if (due) { due = false; panes.forEach(pane => pane.tone()); } };
  requestAnimationFrame(go);
  setTimeout(go, 100);
}
const threshold = () => index.marks ? index.marks.low + (index.marks.high - index.marks.low) * el("threshold").value / 100 : 0;

function status(pane) { el("status").textContent = `window ${Math.round(pane.center)} / ${Math.round(pane.width)}`; }
function tell(pane, column, row) {
  const value = pane.value(column, row);
  pointed = value === null ? null : { image_id: pane.row.image_id, column, row, value };
  el("status").textContent = value === null ? "" : `${pane.row.image_id}  x ${column}  y ${row}  value ${value}  ·  window ${Math.round(pane.center)} / ${Math.round(pane.width)}`;
  if (value === null) return;
  el("under").replaceChildren(...pane.under(column, row).map(grain => {
    const finding = pane.data.findings.find(f => f.finding_id === grain.finding_id) || {};
    const told = { kind: grain.kind, finding: grain.finding_id, calcification: grain.calcification_id, cause: finding.cause, descriptor: finding.descriptor,
      distribution: finding.distribution, category: finding.category, class: finding.class, pathology: finding.pathology, material: grain.material,
      "diameter mm": grain.diameter_mm, "thickness mm": grain.thickness_mm, "height mm": grain.z_mm, contrast: grain.contrast, SDNR: grain.sdnr, "d′": grain.dprime };
    const table = document.createElement("table");
    for (const [name, item] of Object.entries(told)) if (item !== undefined) {
      const line = table.insertRow();
      line.insertCell().textContent = name;
      line.insertCell().textContent = typeof item === "number" && !Number.isInteger(item) ? item.toPrecision(3) : item;
    }
    return table;
  }));
}

// gallery
const chosen = name => el(name).value;
const fits = image => (!chosen("kind") || image.kinds.includes(chosen("kind"))) && (!chosen("class") || image.class === chosen("class")) &&
  (!chosen("view") || image.view === chosen("view")) && (!chosen("density") || image.birads_density === chosen("density"));
const shown = () => images.map((_, n) => n).filter(n => fits(images[n]));
const PAGE = 200;
function gallery(limit = PAGE) {
  const all = shown();
  el("count").textContent = `${all.length} of ${images.length} images`;
  const cards = all.slice(0, limit).map(n => {
    const card = document.createElement("button"), image = images[n];
    card.dataset.n = n;
    const picture = document.createElement("img"), name = document.createElement("small"), what = document.createElement("small");
    picture.alt = ""; picture.loading = "lazy";
    picture.src = image.thumbnail;
    name.textContent = image.image_id;
    what.textContent = `${image.class} · ${image.n_calcifications} · ${image.kinds.join(", ") || "no findings"}`;
    card.append(picture, name, what);
    card.onclick = () => open(n);
    return card;
  });
  if (all.length > limit) {
    const more = document.createElement("button");
    more.textContent = `${all.length - limit} more`;
    more.onclick = () => gallery(limit + PAGE);
    cards.push(more);
  }
  el("gallery").replaceChildren(...cards);
}
for (const [name, values] of Object.entries({ kind: images.flatMap(i => i.kinds), class: images.map(i => i.class), view: images.map(i => i.view), density: images.map(i => i.birads_density) })) {
  el(name).replaceChildren(new Option("all", ""), ...[...new Set(values)].sort().map(value => new Option(value, value)));
  el(name).onchange = () => gallery();
}

// desk
let current = 0;
const partner = n => images.findIndex((image, m) => m !== n && image.case === images[n].case && image.laterality === images[n].laterality &&
  image.variant === images[n].variant && image.view !== images[n].view);
async function open(n) {
  current = n; lit = null;
  el("gallery").hidden = true; el("desk").hidden = false;
  document.querySelector("header").hidden = true;
  const other = on.pair ? partner(n) : -1;
  panes = (other < 0 ? [n] : [n, other].sort((a, b) => images[a].view < images[b].view ? -1 : 1)).map(() => new Pane());
  el("panes").replaceChildren(...panes.map(pane => pane.root));
  const order = other < 0 ? [n] : [n, other].sort((a, b) => images[a].view < images[b].view ? -1 : 1);
  try { await Promise.all(panes.map((pane, i) => pane.show(order[i]))); } catch (why) { el("status").textContent = why.message; return; }
  history.replaceState(null, "", "#" + encodeURIComponent(images[n].image_id));
  panes[0].canvas.focus();
}
function close() {
  el("gallery").hidden = false; el("desk").hidden = true;
  document.querySelector("header").hidden = false;
  history.replaceState(null, "", "#");
  const card = document.querySelector(`#gallery [data-n="${current}"]`);
  if (card) card.focus();
}
function step(by) { const all = shown(), at = all.indexOf(current); open(all[(at + by + all.length) % all.length]); }
const flip = name => {
  on[name] = !on[name];
  document.querySelector(`[data-do="${name}"]`).setAttribute("aria-pressed", on[name]);
  if (name === "help") el("help").hidden = !on.help;
  else if (name === "pair") open(current);
  else if (name === "invert") panes.forEach(pane => pane.tone());
  else panes.forEach(pane => pane.draw());
};
const shift = (center, width) => { for (const pane of panes) { pane.center += center; pane.width = Math.max(pane.width + width, 2); status(pane); } later(); };
const pan = (x, y) => panes.forEach(pane => { pane.x += x; pane.y += y; pane.draw(); });
const act = {
  close, before: () => step(-1), after: () => step(1), fit: () => panes.forEach(pane => { pane.fit(); pane.draw(); }),
  full: () => panes.forEach(pane => pane.scale(1 / pane.zoom)), in: () => panes.forEach(pane => pane.scale(1.25)), out: () => panes.forEach(pane => pane.scale(0.8)),
  window: () => { for (const pane of panes) { [pane.center, pane.width] = pane.row.window; status(pane); } later(); },
  ...Object.fromEntries(Object.keys(on).map(name => [name, () => flip(name)])),
};
const keys = { Escape: "close", p: "before", n: "after", f: "fit", 1: "full", "+": "in", "=": "in", "-": "out", w: "window", i: "invert", m: "lens", o: "outlines", l: "labels", s: "pair", d: "marks", "?": "help" };
document.querySelectorAll("[data-do]").forEach(button => { button.onclick = () => act[button.dataset.do](); });
document.addEventListener("keydown", e => {
  if (el("desk").hidden || e.ctrlKey || e.metaKey || e.altKey || (e.target.matches && e.target.matches("input, select"))) return;
  const arrows = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
  if (keys[e.key]) act[keys[e.key]]();
  else if (arrows[e.key]) pan(...arrows[e.key]);
  else if (e.key === "[" || e.key === "]") shift(0, e.key === "]" ? 100 : -100);
  else if (e.key === "," || e.key === ".") shift(e.key === "." ? 50 : -50, 0);
  else return;
  e.preventDefault();
});
el("threshold").oninput = () => { el("score").textContent = threshold().toPrecision(3); panes.forEach(pane => pane.draw()); };
window.addEventListener("resize", () => panes.forEach(pane => pane.draw()));
if (!index.marks) document.body.classList.add("plain");
else if (index.marks.high > index.marks.low) {
  el("threshold").value = 100 * (index.marks.start - index.marks.low) / (index.marks.high - index.marks.low);
  el("score").textContent = threshold().toPrecision(3);
}
window.phantomView = { open, act, on, images, get panes() { return panes; }, get lit() { return lit; }, get pointed() { return pointed; } };
gallery();
const asked = images.findIndex(image => image.image_id === decodeURIComponent(location.hash.slice(1)));
if (asked >= 0) open(asked);
