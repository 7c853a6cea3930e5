// Images at full resolution: which hang beside which, and the tools.

const LAYOUTS = { one: "One image", views: "CC above MLO", exam: "Right and left", compare: "Prior and twin" };

// image numbers with their row and column on the stage
function hanging(n, layout) {
  const whole = list => (list || []).filter(m => m === n || (isWhole(m) && isWhole(n)));
  const exam = whole(examOf().get(group(n, ["case", "variant"])));
  const views = VIEW_ORDER.filter(view => exam.some(m => images.get("view", m) === view));
  const row = m => Math.max(views.indexOf(images.get("view", m)), 0);
  if (layout === "views")
    return exam.filter(m => images.get("laterality", m) === images.get("laterality", n)).map(m => [m, [row(m), 0]]);
  if (layout === "exam") {
    const sides = SIDE_ORDER.filter(side => exam.some(m => images.get("laterality", m) === side));
    return exam.map(m => [m, [row(m), sides.indexOf(images.get("laterality", m))]]);
  }
  if (layout === "compare") {
    // earlier years to the left; twins below what they are twins of
    const all = (sameView().get(group(n, ["case", "laterality", "view"])) || []).filter(
      m => m === n || !images.get("patch", m),
    );
    const parts = all.map(m => {
      const what = ["twin", "magnification", "sweep", "sweep_value"].map(name => images.get(name, m) ?? "");
      return { m, years: images.get("years_before", m) || 0, twin: what.join(" ") };
    });
    const years = d3.sort(new Set(parts.map(part => part.years)), d3.descending),
      twins = [...new Set(d3.sort(parts, part => part.twin).map(part => part.twin))];
    const upright = years.length === 1; // of one year, twins lie side by side
    return parts.map(({ m, years: y, twin }) => [
      m,
      upright ? [0, twins.indexOf(twin)] : [twins.indexOf(twin), years.indexOf(y)],
    ]);
  }
  return [[n, [0, 0]]];
}

let hung = "";
function showDesk() {
  const n = imageNumbers.get(query.image),
    layout = LAYOUTS[query.layout] ? query.layout : "one",
    places = hanging(n, layout);
  const name = places.map(([m, place]) => `${m}@${place}`).join(" ");
  const fresh = hung !== name;
  if (fresh) {
    hung = name;
    panes = places.map(([m, place]) => new Pane(m, place));
    for (const pane of panes) pane.pairs = layout === "exam";
    el("panes").style.gridTemplateRows = `repeat(${d3.max(panes, pane => pane.place[0]) + 1}, minmax(0, 1fr))`;
    el("panes").style.gridTemplateColumns = `repeat(${d3.max(panes, pane => pane.place[1]) + 1}, minmax(0, 1fr))`;
    el("panes").replaceChildren(el("pixels"), ...panes.map(pane => pane.root));
    fitAll();
    for (const pane of panes) pane.show();
    showWindow(panes.find(pane => pane.n === n));
    el("status").textContent = "";
    el("under").replaceChildren();
  }
  focused = Math.max(
    panes.findIndex(pane => pane.n === n),
    0,
  );
  document.title = `${query.image} · ${el("title").textContent}`;
  el("layout").value = layout;
  for (const option of el("layout").options)
    option.disabled = option.value !== "one" && hanging(n, option.value).length < 2;
  showFindings();
  const lit = pinned(),
    place = `${query.image} ${query.finding} ${query.at}`,
    mark = markAsked();
  if (fresh || place !== wasPlace) {
    if (stay) drawSoon();
    else if (lit && lit.row !== null) jump(lit.row);
    else if (mark) active().lookAt(mark[0] + 0.5, mark[1] + 0.5, Math.max(1, active().t.k));
    const { places, at } = itinerary();
    el("where").textContent =
      at < 0 ? "" : `${(at + 1).toLocaleString("en")} of ${places.length.toLocaleString("en")} ${listed()}`;
    loadAhead();
  }
  wasPlace = place;
  drawSoon();
}
// the mark that was opened from the list
function markAsked() {
  const place = (query.at || "").split(",").map(Number);
  return place.length === 2 && place.every(Number.isFinite) ? place : null;
}
let wasPlace,
  stay = false;

// where an item of the list is looked at: an image, a finding in it, or a mark
function placeOf(item) {
  const list = listed();
  if (list === "images") return { image: images.get("image_id", item), finding: "", at: "" };
  if (list === "findings") {
    const image = images.get("image_id", findings.get("image", item));
    return { image, finding: String(findings.get("finding_id", item)), at: "" };
  }
  const [one, i] = item;
  return {
    image: images.get("image_id", one.marks.image[i]),
    finding: "",
    at: `${one.marks.x[i]},${one.marks.y[i]}`,
  };
}
// the list as it is filtered and sorted, and how far in it what is open comes: itself, or the first of its image
function itinerary() {
  const places = sorted(items()).map(placeOf),
    same = place => (place.finding || "") === (query.finding || "") && (place.at || "") === (query.at || "");
  const exact = places.findIndex(place => place.image === query.image && (listed() === "images" || same(place)));
  return { places, at: exact < 0 ? places.findIndex(place => place.image === query.image) : exact };
}
function step(by) {
  const { places, at } = itinerary();
  if (places.length) go(places[((at < 0 && by < 0 ? 0 : at) + by + places.length) % places.length]);
}
// what comes next is loaded while this is looked at
const AHEAD_MS = 500;
let ahead = 0;
function loadAhead() {
  clearTimeout(ahead);
  ahead = setTimeout(() => {
    if (el("desk").hidden || panes.some(pane => !pane.image)) return;
    const { places, at } = itinerary(),
      next = places.slice(at + 1).find(place => place.image !== query.image);
    const shown = panes.map(pane => pane.n);
    if (next) for (const [n] of hanging(imageNumbers.get(next.image), query.layout)) load(n, shown).catch(() => {});
  }, AHEAD_MS);
}
// the next finding of the image
function stepFinding(by) {
  const rows = findingsOf(imageNumbers.get(query.image)),
    lit = pinned();
  if (!rows.length) return;
  const at = lit ? rows.indexOf(lit.row) : by > 0 ? -1 : 0;
  go({ finding: String(findings.get("finding_id", rows[(at + by + rows.length) % rows.length])), at: "" });
}

const active = () => panes[Math.min(focused, panes.length - 1)];
const act = {
  close: () => go({ image: "", finding: "", at: "" }, true),
  before: () => step(-1),
  after: () => step(1),
  fit: () => {
    fitAll();
    drawSoon();
  },
  full: () => active().zoomBy(1 / active().t.k),
  in: () => active().zoomBy(1.25),
  out: () => active().zoomBy(0.8),
  reset: () => {
    for (const pane of panes) {
      pane.resetWindow();
      showWindow(pane);
    }
    drawSoon();
  },
  finding: () => stepFinding(1),
  "finding-back": () => stepFinding(-1),
  help: () => {
    const help = el("help");
    if (help.open) help.close();
    else help.showModal();
  },
  ...Object.fromEntries(
    Object.keys(on).map(name => [
      name,
      () => {
        on[name] = !on[name];
        showTools();
        drawSoon();
      },
    ]),
  ),
  ...Object.fromEntries(
    ["move", "window", "ruler"].map(name => [
      "tool-" + name,
      () => {
        tool = name;
        showTools();
      },
    ]),
  ),
  ...Object.fromEntries(
    Object.keys(LAYOUTS).map(name => [
      "layout-" + name,
      () => {
        if (hanging(imageNumbers.get(query.image), name).length > 1 || name === "one")
          go({ layout: name === "one" ? "" : name });
      },
    ]),
  ),
};
function showTools() {
  for (const button of document.querySelectorAll("[data-do]")) {
    const name = button.dataset.do;
    if (name in on) button.setAttribute("aria-pressed", String(on[name]));
    if (name.startsWith("tool-")) button.setAttribute("aria-pressed", String(name === "tool-" + tool));
  }
  el("panes").dataset.tool = tool;
}

// key: [what it does, in words]
const KEYS = new Map([
  ["Escape", ["close", "back to the list"]],
  ["n", ["after", "next of the list"]],
  ["p", ["before", "previous of the list"]],
  [".", ["finding", "next finding"]],
  [",", ["finding-back", "previous finding"]],
  ["f", ["fit", "fit"]],
  ["1", ["full", "one pixel of the image to one of the screen"]],
  ["+", ["in", "larger"]],
  ["-", ["out", "smaller"]],
  ["m", ["lens", "magnifier"]],
  ["v", ["tool-move", "drags move the image"]],
  ["w", ["tool-window", "drags change the window"]],
  ["r", ["tool-ruler", "drags measure"]],
  ["0", ["reset", "window as stored"]],
  ["i", ["invert", "invert"]],
  ["o", ["outlines", "outlines"]],
  ["l", ["labels", "names of findings"]],
  ["d", ["marks", "detectors' marks"]],
  ["y", ["link", "link zoom, place and window"]],
  ["x", ["sharp", "pixels as squares"]],
  ["5", ["layout-one", "one image"]],
  ["6", ["layout-views", "CC above MLO"]],
  ["7", ["layout-exam", "right and left"]],
  ["8", ["layout-compare", "prior and twin"]],
  ["?", ["help", "this list"]],
]);
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches && event.target.matches("input:not([type=range]), select")) return;
  if (el("help").open || el("desk").hidden) {
    if (event.key === "?") {
      act.help();
      event.preventDefault();
    }
    return;
  }
  const slide = event.target.matches && event.target.matches("input[type=range]");
  const arrows = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] },
    key = event.key === "=" ? "+" : event.key;
  if (KEYS.has(key)) act[KEYS.get(key)[0]]();
  else if (arrows[key] && !slide) active().moveBy(...arrows[key]);
  else if (key === "[" || key === "]")
    setWindow(active(), active().center, active().width + (key === "]" ? 100 : -100));
  else if (key === "{" || key === "}") setWindow(active(), active().center + (key === "}" ? 50 : -50), active().width);
  else return;
  event.preventDefault();
}
function keyMap() {
  const row = (key, text) => make("tr", {}, make("th", { scope: "row" }, make("kbd", {}, key)), make("td", {}, text));
  const name = key => ({ Escape: "Esc" })[key] || key;
  el("keys").replaceChildren(
    ...[...KEYS].map(([key, [, text]]) => row(name(key), text)),
    row("arrows", "move"),
    row("[ ]", "narrower and wider window"),
    row("{ }", "lower and higher window"),
  );
}
