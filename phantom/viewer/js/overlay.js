// What is drawn over the pixels: outlines, boxes, marks, names, scale bar, ruler.

// Okabe and Ito's colours, which the colour-blind tell apart; every meaning has a shape of its own besides
const COLOUR = {
  suspicious: "#e69f00",
  benign: "#56b4e9",
  artefact: "#cc79a7",
  lit: "#f0e442",
  hit: "#4fd6ab",
  false: "#ff7a45",
  ignored: "#a8adb3",
  missed: "#ffffff",
  frame: "#9aa3ac",
};
const BARS_MM = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100];

function drawOverlay(pane, ratio) {
  const canvas = pane.ink,
    w = Math.round(pane.w * ratio),
    h = Math.round(pane.h * ratio);
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  const c = canvas.getContext("2d"),
    t = pane.t;
  // drawn again only if it would look different: a change of window leaves it as it is
  const what = JSON.stringify([
    [t.k, t.x, t.y, w, h, ratio, pane.image ? 1 : 0, pane.ruler],
    [on.outlines, on.labels, on.marks, on.lens ? pane.pointer : 0, query.finding, query.image, query.at],
    detectors.map(one => one.corner),
  ]);
  if (pane.drawn === what) return;
  pane.drawn = what;
  c.setTransform(ratio, 0, 0, ratio, 0, 0);
  c.clearRect(0, 0, pane.w, pane.h);
  if (!pane.image) return;
  drawTruth(c, pane, t);
  if (on.lens && pane.pointer) {
    const [x, y] = pane.pointer;
    c.save();
    c.beginPath();
    c.arc(x, y, LENS, 0, 7);
    c.clip();
    c.clearRect(x - LENS, y - LENS, 2 * LENS, 2 * LENS);
    drawTruth(c, pane, pane.lensTransform());
    c.restore();
    c.strokeStyle = "#c8cdd2";
    c.lineWidth = 1.5;
    c.beginPath();
    c.arc(x, y, LENS, 0, 7);
    c.stroke();
  }
  drawRuler(c, pane, t);
  drawScale(c, pane, t);
}

function drawTruth(c, pane, t) {
  const lit = pinned();
  if (on.outlines) {
    c.save();
    c.translate(t.x, t.y);
    c.scale(t.k, t.k);
    for (const [row, path] of pane.image.paths) {
      c.strokeStyle = isLit(row, lit) ? COLOUR.lit : COLOUR[findings.get("class", row)] || COLOUR.benign;
      c.lineWidth = (isLit(row, lit) ? 1.8 : 1.1) / t.k;
      c.stroke(path);
    }
    c.restore();
  }
  for (const row of findingsOf(pane.n)) drawFrame(c, row, t, isLit(row, lit));
  const asked = images.get("image_id", pane.n) === query.image && markAsked();
  if (asked) drawCorners(c, (asked[0] + 0.5) * t.k + t.x, (asked[1] + 0.5) * t.k + t.y, Math.max(14, 8 * t.k));
  if (on.marks)
    for (const one of detectors) for (const i of one.marksOf(pane.n)) if (one.shown(i)) drawMark(c, one, i, t);
}

// the same finding in other views bears the same id
const isLit = (row, lit) =>
  lit !== null &&
  row >= 0 &&
  findings.get("finding_id", row) === lit.id &&
  images.get("case", findings.get("image", row)) === lit.case;

function drawFrame(c, row, t, lit) {
  const missed = on.marks && detectors.some(one => one.missed(row));
  if (!on.outlines && !on.labels && !lit) return;
  const pad = 4,
    x = findings.get("box_x_px", row) * t.k + t.x - pad,
    y = findings.get("box_y_px", row) * t.k + t.y - pad;
  const w = findings.get("box_w_px", row) * t.k + 2 * pad,
    h = findings.get("box_h_px", row) * t.k + 2 * pad;
  if (on.outlines || lit) {
    c.strokeStyle = lit ? COLOUR.lit : missed ? COLOUR.missed : COLOUR.frame;
    c.lineWidth = lit || missed ? 1.6 : 1;
    c.setLineDash(lit ? [] : missed ? [9, 4] : [3, 3]);
    c.strokeRect(x, y, w, h);
    c.setLineDash([]);
  }
  const text = [];
  if (on.labels || lit)
    text.push(
      `${words(findings.get("descriptor", row) || findings.get("kind", row))} (${findings.get("category", row)})`,
    );
  if (missed && on.outlines)
    text.push(
      detectors.length > 1
        ? "missed by " +
            detectors
              .filter(one => one.missed(row))
              .map(one => one.letter)
              .join(", ")
        : "missed",
    );
  if (text.length) write(c, text.join(" · "), x, y - 6, lit ? COLOUR.lit : COLOUR.missed);
}

function write(c, text, x, y, colour, align = "left") {
  c.font = "12px system-ui, sans-serif";
  c.textAlign = align;
  c.lineJoin = "round";
  c.lineWidth = 3;
  c.strokeStyle = "#000";
  c.strokeText(text, x, y);
  c.fillStyle = colour;
  c.fillText(text, x, y);
}

// detector A draws circles, B squares; a false mark is crossed, one that does not count is dotted; boxes are drawn too
function drawMark(c, one, i, t) {
  const x = (one.marks.x[i] + 0.5) * t.k + t.x,
    y = (one.marks.y[i] + 0.5) * t.k + t.y,
    box = one.marks.box && one.marks.box[i];
  drawSymbol(c, one.d, one.fate(i), x, y, Math.min(Math.max(7, 5 * t.k), box ? 7 : 24));
  if (!box) return;
  c.strokeStyle = COLOUR[one.fate(i)];
  c.lineWidth = 1.4;
  c.setLineDash(one.d ? [10, 3, 2, 3] : []);
  c.strokeRect(box[0] * t.k + t.x, box[1] * t.k + t.y, box[2] * t.k, box[3] * t.k);
  c.setLineDash([]);
}

function drawSymbol(c, d, fate, x, y, r) {
  c.beginPath();
  if (d === 0) c.arc(x, y, r, 0, 7);
  else c.rect(x - r, y - r, 2 * r, 2 * r);
  if (fate === "false") {
    const s = d === 0 ? 0.7 * r : r;
    c.moveTo(x - s, y - s);
    c.lineTo(x - 0.35 * s, y - 0.35 * s);
    c.moveTo(x + s, y + s);
    c.lineTo(x + 0.35 * s, y + 0.35 * s);
    c.moveTo(x + s, y - s);
    c.lineTo(x + 0.35 * s, y - 0.35 * s);
    c.moveTo(x - s, y + s);
    c.lineTo(x - 0.35 * s, y + 0.35 * s);
  }
  c.setLineDash(fate === "ignored" ? [2, 3] : []);
  for (const [colour, width] of [
    ["#000", 3.5],
    [COLOUR[fate], 1.8],
  ]) {
    c.strokeStyle = colour;
    c.lineWidth = width;
    c.stroke();
  }
  c.setLineDash([]);
}

// four corners around the mark that was opened from the list
function drawCorners(c, x, y, r) {
  c.beginPath();
  for (const u of [-1, 1])
    for (const v of [-1, 1]) {
      c.moveTo(x + u * r, y + 0.5 * v * r);
      c.lineTo(x + u * r, y + v * r);
      c.lineTo(x + 0.5 * u * r, y + v * r);
    }
  for (const [colour, width] of [
    ["#000", 4],
    [COLOUR.lit, 2],
  ]) {
    c.strokeStyle = colour;
    c.lineWidth = width;
    c.stroke();
  }
}

function drawScale(c, pane, t) {
  const room = Math.min(pane.w / 3, 160),
    mm = d3.least(BARS_MM, one => Math.abs(Math.log(((one / pane.pitch) * t.k) / room))),
    long = (mm / pane.pitch) * t.k;
  const right = pane.w - 14,
    y = pane.h - 14;
  c.beginPath();
  c.moveTo(right - long, y - 5);
  c.lineTo(right - long, y);
  c.lineTo(right, y);
  c.lineTo(right, y - 5);
  for (const [colour, width] of [
    ["#000", 4],
    ["#fff", 1.6],
  ]) {
    c.strokeStyle = colour;
    c.lineWidth = width;
    c.stroke();
  }
  write(c, `${mm} mm`, right - long / 2, y - 8, "#fff", "center");
  pane.bar = { mm, px: long };
}

function drawRuler(c, pane, t) {
  if (!pane.ruler) return;
  const [x0, y0, x1, y1] = [0, 1, 2, 3].map(i => pane.ruler[i] * t.k + (i % 2 ? t.y : t.x));
  c.beginPath();
  c.moveTo(x0, y0);
  c.lineTo(x1, y1);
  const long = Math.hypot(x1 - x0, y1 - y0) || 1,
    u = (-(y1 - y0) / long) * 6,
    v = ((x1 - x0) / long) * 6;
  for (const [x, y] of [
    [x0, y0],
    [x1, y1],
  ]) {
    c.moveTo(x - u, y - v);
    c.lineTo(x + u, y + v);
  }
  for (const [colour, width] of [
    ["#000", 4],
    [COLOUR.lit, 1.8],
  ]) {
    c.strokeStyle = colour;
    c.lineWidth = width;
    c.stroke();
  }
  write(c, `${rulerLength(pane).toFixed(2)} mm`, (x0 + x1) / 2 + 10, (y0 + y1) / 2 - 8, COLOUR.lit);
}
const rulerLength = pane => Math.hypot(pane.ruler[2] - pane.ruler[0], pane.ruler[3] - pane.ruler[1]) * pane.pitch;
