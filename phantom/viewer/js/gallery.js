// The list as cards; only those near the window are in the page, so that ten thousand are as quick as ten.

const CARDS = { images: { w: 176, h: 262 }, findings: { w: 176, h: 246 }, marks: { w: 150, h: 222 } };
const GAP = 10;
let cards = [];

function imageCard(n) {
  const kinds = [...new Set(findingsOf(n).map(row => words(findings.get("kind", row))))].join(", ");
  const counts = detectors.map(
    one =>
      `${detectors.length > 1 ? one.letter + ": " : ""}${one.counts.hit[n]} hit, ${one.counts.missed[n]} missed, ${one.counts.false[n]} false`,
  );
  return card(
    n,
    n,
    picture("thumbnails", n),
    images.get("image_id", n),
    [
      `${images.get("class", n)} · ${images.get("n_calcifications", n)} calcifications`,
      kinds || "no findings",
      ...counts.slice(0, 2),
    ],
    images.get("class", n),
  );
}
function findingCard(row) {
  const n = findings.get("image", row),
    at = picture("findings", row);
  const lines = [
    `${findings.get("descriptor", row) || ""} · BI-RADS ${findings.get("category", row)}`,
    `${number(findings.get("extent_mm", row))} mm · d′ ${number(findings.get("dprime", row))} · ${findings.get("n_calcifications", row)} grains`,
    images.get("image_id", n),
  ];
  return card(row, n, at, words(findings.get("kind", row)), lines, findings.get("class", row), verdicts(row));
}
function markCard([one, i]) {
  const n = one.marks.image[i],
    fate = one.fate(i),
    place = one.marks.crop[i];
  const sign = { hit: "✓ hit", false: "✗ false", ignored: "does not count" }[fate];
  return card(
    [one, i],
    n,
    place >= 0 ? picture("marks" + one.d, place) : null,
    `${detectors.length > 1 ? one.letter + " " : ""}${number(one.marks.score[i])}`,
    [fate === "false" ? words(one.cause(i)) : "", images.get("image_id", n)],
    "",
    [make("span", { class: "verdict " + fate }, sign)],
  );
}

function card(item, n, source, title, lines, kind, more = []) {
  const image = source
    ? make("img", { src: source, alt: "", loading: "lazy", decoding: "async" })
    : make("span", { class: "nothing" }, "no picture");
  const node = make(
    "button",
    { class: "card " + kind },
    image,
    make("b", {}, title),
    ...more,
    ...lines.filter(Boolean).map(text => make("small", { title: text }, text)),
  );
  node.dataset.image = images.get("image_id", n);
  node.onclick = () => {
    scrolled = el("list").scrollTop;
    go(placeOf(item), true);
  };
  return node;
}
let scrolled = 0;

const cardOf = { images: imageCard, findings: findingCard, marks: markCard };

function showGallery() {
  cards = sorted(items());
  for (const tab of document.querySelectorAll("#tabs [data-list]"))
    tab.setAttribute("aria-pressed", String(tab.dataset.list === listed()));
  const total = {
    images: images.length,
    findings: findings.length,
    marks: d3.sum(detectors, one => one.marks.image.length),
  }[listed()];
  el("count").textContent = `${cards.length.toLocaleString("en")} of ${total.toLocaleString("en")} ${listed()}`;
  el("empty").hidden = cards.length > 0;
  showFilters();
  layCards();
}

// the cards of the rows that can be seen, and a few more
function layCards() {
  const list = el("list"),
    { w, h } = CARDS[listed()],
    room = list.clientWidth - 2 * GAP,
    perRow = Math.max(Math.floor((room + GAP) / (w + GAP)), 2);
  const wide = Math.min((room - GAP * (perRow - 1)) / perRow, 1.35 * w),
    high =
      h + (detectors.length > 1 && listed() === "images" ? 36 : detectors.length && listed() === "images" ? 18 : 0);
  const first = Math.max(Math.floor(list.scrollTop / (high + GAP)) - 2, 0) * perRow,
    last = Math.min((Math.ceil((list.scrollTop + list.clientHeight) / (high + GAP)) + 2) * perRow, cards.length);
  const inner = el("cards"),
    kept = document.activeElement && document.activeElement.dataset ? document.activeElement.dataset.place : undefined;
  inner.style.height = `${Math.ceil(cards.length / perRow) * (high + GAP) + GAP}px`;
  inner.replaceChildren(
    ...d3.range(first, last).map(i => {
      const node = cardOf[listed()](cards[i]);
      node.dataset.place = String(i);
      node.style.cssText = `left:${GAP + (i % perRow) * (wide + GAP)}px;top:${GAP + Math.floor(i / perRow) * (high + GAP)}px;width:${wide}px;height:${high}px`;
      return node;
    }),
  );
  if (kept !== undefined) {
    const again = inner.querySelector(`[data-place="${kept}"]`);
    if (again) again.focus({ preventScroll: true });
  }
  laid = `${first}-${last}-${perRow}`;
  layAgain = () => {
    const f = Math.max(Math.floor(list.scrollTop / (high + GAP)) - 2, 0) * perRow,
      l = Math.min((Math.ceil((list.scrollTop + list.clientHeight) / (high + GAP)) + 2) * perRow, cards.length);
    if (laid !== `${f}-${l}-${perRow}`) layCards();
  };
}
let laid = "",
  layAgain = () => {};
