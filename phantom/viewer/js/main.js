// The page begins.

function apply() {
  for (const one of detectors) {
    const score = query[`s${one.d}`];
    if (score === "none") one.corner = 0;
    else if (score !== undefined && Number.isFinite(Number(score))) one.corner = one.cornerAt(Number(score));
    else one.corner = one.usual;
  }
  const desk = imageNumbers.has(query.image),
    was = !el("desk").hidden;
  el("desk").hidden = !desk;
  el("gallery").hidden = desk;
  if (detectors.length) {
    if (desk) el("image-facts").before(el("detectors"));
    else el("beside").append(el("detectors"));
    showDetectors();
  }
  if (desk) showDesk();
  else {
    document.title = el("title").textContent;
    hung = "";
    panes = [];
    showGallery();
    if (was) {
      el("list").scrollTop = scrolled;
      layCards();
      const last = document.querySelector(`#cards [data-image="${CSS.escape(leaving)}"]`);
      if (last) last.focus({ preventScroll: true });
    }
  }
  if (desk && !was) active().ink.focus({ preventScroll: true });
  leaving = query.image || leaving;
}
let leaving = "";

try {
  renderer = new GpuRenderer(el("pixels"));
} catch {
  renderer = new CpuRenderer(el("pixels"));
}
document.body.classList.toggle("plain", !detectors.length);
filterForm();
detectorPanel();
legend();
keyMap();
el("layout").append(...Object.entries(LAYOUTS).map(([value, text]) => new Option(text, value)));
el("layout").onchange = () => act["layout-" + el("layout").value]();
// a small screen shows the list first
for (const box of ["filter-box", "detectors", "legend-box"]) el(box).open = innerWidth > 1000;
for (const button of document.querySelectorAll("[data-do]"))
  button.addEventListener("click", () => act[button.dataset.do]());
for (const tab of document.querySelectorAll("#tabs [data-list]"))
  tab.addEventListener("click", () => go({ list: tab.dataset.list === "images" ? "" : tab.dataset.list, sort: "" }));
showTools();
document.addEventListener("keydown", onKey);
el("list").addEventListener("scroll", () => layAgain(), { passive: true });
window.addEventListener("popstate", () => {
  query = readQuery();
  apply();
});
window.addEventListener("hashchange", () => {
  query = readQuery();
  apply();
});
new ResizeObserver(() => {
  if (el("gallery").hidden) keepPlaces();
  else layCards();
}).observe(document.body);
query = readQuery();
apply();
document.body.dataset.ready = "yes";
window.phantomView = {
  go,
  act,
  on,
  images,
  findings,
  detectors,
  loaded,
  load,
  drawAll,
  get panes() {
    return panes;
  },
  get query() {
    return query;
  },
  get pointed() {
    return pointed;
  },
  get renderer() {
    return renderer;
  },
  get cards() {
    return cards;
  },
};
