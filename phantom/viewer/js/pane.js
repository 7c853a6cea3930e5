// One image on screen: where it lies, how large, through which window.

const LARGEST = 40,
  SMALLEST = 0.01;

class Pane {
  constructor(n, place) {
    this.n = n;
    this.place = place; // its row and column on the stage
    this.center = images.get("window_center", n);
    this.width = images.get("window_width", n);
    this.columns = images.get("columns", n);
    this.rows = images.get("rows", n);
    this.pitch = spacing(n);
    // the breast in the image: its middle and size
    const [x, y, w, h] = ["x", "y", "w", "h"].map(side => images.get(`breast_${side}_px`, n));
    this.breast = { x, y, w, h };
    this.ruler = null;
    const name = images.get("image_id", n);
    this.ink = make("canvas", { tabindex: "0", role: "img", "aria-label": `${name}: loading` });
    this.caption = make(
      "figcaption",
      {},
      make("b", {}, `${images.get("laterality", n)} ${images.get("view", n)}`),
      this.about(),
    );
    this.notice = make("p", { class: "notice", role: "status" }, "loading …");
    this.root = make("figure", { class: "pane" }, this.ink, this.caption, this.notice);
    this.root.style.gridArea = `${place[0] + 1} / ${place[1] + 1}`;
    this.selection = d3.select(this.ink);
    this.zoom = d3
      .zoom()
      .scaleExtent([SMALLEST, LARGEST])
      .filter(event => this.moves(event))
      .extent(() => [
        [0, 0],
        [this.w, this.h],
      ])
      .constrain(t => this.held(t))
      .wheelDelta(
        event =>
          -event.deltaY * (event.deltaMode === 1 ? 0.05 : event.deltaMode ? 1 : 0.002) * (event.ctrlKey ? 10 : 1),
      )
      .on("zoom", event => {
        if (event.sourceEvent) linkFrom(this);
        moving();
      });
    this.selection.call(this.zoom).on("dblclick.zoom", null);
    listen(this);
  }
  about() {
    const variant = images.get("variant", this.n);
    return make(
      "span",
      {},
      `${images.get("image_id", this.n)}${variant ? " · " + variantName(variant) : ""} · ${images.get("class", this.n)} · synthetic`,
    );
  }
  // drags of one finger or of the left button move the image only while the tool is "move"; pinches and wheels zoom always
  moves(event) {
    if (event.type === "wheel") return true;
    if (event.touches) return event.touches.length > 1 || (tool === "move" && !on.lens);
    return !event.button && (tool === "move" || event.shiftKey);
  }
  get t() {
    return d3.zoomTransform(this.ink);
  }
  get w() {
    return this.ink.clientWidth || 300;
  }
  get h() {
    return this.ink.clientHeight || 300;
  }
  // a strip of the image stays in sight
  held(t) {
    const keep = (v, size, room) => Math.min(Math.max(v, Math.min(60, room / 2) - size), room - Math.min(60, room / 2));
    return d3.zoomIdentity
      .translate(keep(t.x, this.columns * t.k, this.w), keep(t.y, this.rows * t.k, this.h))
      .scale(t.k);
  }
  put(k, x, y) {
    this.selection.call(this.zoom.transform, this.held(d3.zoomIdentity.translate(x, y).scale(k)));
  }
  // the whole breast; of a pair back to back, with the chest wall where the other breast is
  fit(k) {
    const { x, y, w, h } = this.breast,
      free = this.w - w * k,
      right = images.get("laterality", this.n) === "R";
    this.put(k, (this.pairs ? (right ? free : 0) : free / 2) - x * k, (this.h - h * k) / 2 - y * k);
  }
  get fitting() {
    return Math.min(this.w / this.breast.w, this.h / this.breast.h) * (this.pairs ? 0.97 : 0.95);
  }
  zoomBy(factor) {
    this.selection.call(this.zoom.scaleBy, factor);
    linkFrom(this);
  }
  moveBy(x, y) {
    this.selection.call(this.zoom.translateBy, x / this.t.k, y / this.t.k);
    linkFrom(this);
  }
  lookAt(x, y, k = this.t.k) {
    this.put(k, this.w / 2 - x * k, this.h / 2 - y * k);
    linkFrom(this);
  }
  tone() {
    return { center: this.center, width: this.width, invert: on.invert, sharp: on.sharp };
  }
  resetWindow() {
    this.center = images.get("window_center", this.n);
    this.width = images.get("window_width", this.n);
  }
  async show() {
    try {
      this.image = await load(
        this.n,
        panes.map(pane => pane.n),
      );
    } catch (why) {
      this.notice.textContent = why.message;
      return;
    }
    this.notice.remove();
    this.ink.setAttribute(
      "aria-label",
      `${images.get("image_id", this.n)}, ${images.get("class", this.n)}, ${this.image.grains.length} calcifications`,
    );
    drawSoon();
  }
  // a place on the canvas, in pixels of the image: whole numbers at their edges
  at(x, y) {
    const t = this.t;
    return [(x - t.x) / t.k, (y - t.y) / t.k];
  }
  value(column, row) {
    return this.image && column >= 0 && row >= 0 && column < this.columns && row < this.rows
      ? this.image.values[row * this.columns + column]
      : null;
  }
  grainsUnder(column, row) {
    if (!this.image) return [];
    const flat = row * this.columns + column,
      { grains, runs } = this.image;
    return d3.range(grains.length).filter(g => {
      const u = column - grains.get("box_x_px", g),
        v = row - grains.get("box_y_px", g);
      if (u < 0 || v < 0 || u >= grains.get("box_w_px", g) || v >= grains.get("box_h_px", g)) return false;
      return runs[g].some((start, i) => i % 2 === 0 && flat >= start && flat < start + runs[g][i + 1]);
    });
  }
  // the finding whose box is there, the smallest of several
  findingUnder(x, y, slack = 4 / this.t.k) {
    const inside = findingsOf(this.n).filter(row => {
      const u = x - findings.get("box_x_px", row),
        v = y - findings.get("box_y_px", row);
      return (
        u > -slack &&
        v > -slack &&
        u < findings.get("box_w_px", row) + slack &&
        v < findings.get("box_h_px", row) + slack
      );
    });
    return d3.least(inside, row => findings.get("box_w_px", row) * findings.get("box_h_px", row));
  }
}

const variantName = variant =>
  variant
    .split("+")
    .map(word =>
      word
        .replace(/^prior(\d+)$/, "$1 years earlier")
        .replace(/^mag/, "magnified ")
        .replace(/^clean$/, "without calcifications")
        .replace(/^benign$/, "without suspicious ones"),
    )
    .join(", ");

// the others follow: one scale in mm; the same place where the view is the same, mirrored for the other breast;
// of another view the same depth from the chest wall
function linkFrom(pane) {
  if (!on.link) return;
  const depth = (one, x) => (images.get("laterality", one.n) === "R" ? one.columns - x : x);
  const [x, y] = pane.at(pane.w / 2, pane.h / 2),
    scale = pane.t.k / pane.pitch;
  for (const other of panes) {
    if (other === pane) continue;
    const k = scale * other.pitch;
    let [u, v] = other.at(other.w / 2, other.h / 2);
    if (isWhole(pane.n) && isWhole(other.n)) {
      u = depth(other, (depth(pane, x) * pane.pitch) / other.pitch);
      if (images.get("view", other.n) === images.get("view", pane.n)) v = (y * pane.pitch) / other.pitch;
    }
    other.put(k, other.w / 2 - u * k, other.h / 2 - v * k);
  }
}

// all images whole; linked ones at one scale in mm
function fitAll() {
  const scale = d3.min(panes, pane => pane.fitting / pane.pitch);
  for (const pane of panes) {
    pane.size = [pane.w, pane.h];
    pane.fit(on.link && panes.length > 1 ? scale * pane.pitch : pane.fitting);
  }
}

// after the window's size changed: what was in the middle stays there, as large as it was
function keepPlaces() {
  for (const pane of panes) {
    const [w, h] = pane.size,
      [x, y] = pane.at(w / 2, h / 2);
    if (w !== pane.w || h !== pane.h) pane.put(pane.t.k, pane.w / 2 - x * pane.t.k, pane.h / 2 - y * pane.t.k);
    pane.size = [pane.w, pane.h];
  }
  drawSoon();
}

// without a graphics processor of its own, a machine resamples less well while the image moves, and well when it rests
let rest = 0,
  slow = null;
const SLOW_MS = 20,
  REST_MS = 150;
function moving() {
  clearTimeout(rest);
  rest = setTimeout(() => {
    rest = 0;
    drawSoon();
  }, REST_MS);
  drawSoon();
}

// how long it takes to draw what has been loaded already
function measure() {
  slow = false;
  renderer.grey(0, 0);
  renderer.forgetKept();
  const began = performance.now();
  drawAll();
  renderer.grey(0, 0);
  slow = performance.now() - began > SLOW_MS;
}

function drawAll() {
  if (el("desk").hidden || !panes.length) return;
  const quick = slow === true && rest !== 0;
  const ratio = devicePixelRatio || 1,
    stage = el("panes").getBoundingClientRect();
  renderer.begin(Math.max(Math.round(stage.width * ratio), 1), Math.max(Math.round(stage.height * ratio), 1));
  for (const pane of panes) {
    if (pane.image) {
      const box = pane.ink.getBoundingClientRect(),
        left = Math.round((box.left - stage.left) * ratio),
        top = Math.round((box.top - stage.top) * ratio);
      const part = [left, top, Math.round(box.width * ratio), Math.round(box.height * ratio)],
        { k, x, y } = pane.t;
      renderer.draw(pane.image, part, [left + x * ratio, top + y * ratio], k * ratio, pane.tone(), null, quick);
      if (on.lens && pane.pointer) {
        const { k: much, x: u, y: v } = pane.lensTransform();
        renderer.draw(pane.image, part, [left + u * ratio, top + v * ratio], much * ratio, pane.tone(), [
          left + pane.pointer[0] * ratio,
          top + pane.pointer[1] * ratio,
          LENS * ratio,
        ]);
      }
    }
    drawOverlay(pane, ratio);
  }
  if (slow === null && panes.some(pane => pane.image)) measure();
}

const LENS = 105; // its radius on screen
Pane.prototype.lensTransform = function () {
  const t = this.t,
    k = Math.min(Math.max(4 * t.k, 2), LARGEST),
    [x, y] = this.pointer,
    [u, v] = this.at(x, y);
  return { k, x: x - u * k, y: y - v * k };
};
