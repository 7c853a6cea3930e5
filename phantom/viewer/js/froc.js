// The FROC curves with the points the score sliders are at; a click asks for a rate of false marks.

const PLOT = { w: 340, h: 230, left: 44, right: 10, top: 12, bottom: 40, low: 1 / 16, high: 16 };
const DETECTOR_COLOUR = ["#56b4e9", "#e69f00"];
const across = d3
  .scaleLog()
  .base(2)
  .domain([PLOT.low, PLOT.high])
  .range([PLOT.left, PLOT.w - PLOT.right])
  .clamp(true);
const upward = d3
  .scaleLinear()
  .domain([0, 1])
  .range([PLOT.h - PLOT.bottom, PLOT.top]);

function plot() {
  const svg = d3
    .create("svg")
    .attr("viewBox", `0 0 ${PLOT.w} ${PLOT.h}`)
    .attr("role", "img")
    .attr("id", "froc")
    .attr("aria-label", "FROC: sensitivity against false marks per image");
  const rate = v => (v >= 1 ? String(v) : `1/${Math.round(1 / v)}`);
  svg
    .append("g")
    .attr("class", "axis")
    .attr("transform", `translate(0 ${upward(0)})`)
    .call(
      d3
        .axisBottom(across)
        .tickValues([0.125, 0.25, 0.5, 1, 2, 4, 8, 16])
        .tickFormat(rate)
        .tickSize(-(upward(0) - upward(1))),
    );
  svg
    .append("g")
    .attr("class", "axis")
    .attr("transform", `translate(${PLOT.left} 0)`)
    .call(
      d3
        .axisLeft(upward)
        .ticks(5)
        .tickSize(-(PLOT.w - PLOT.left - PLOT.right)),
    );
  svg
    .append("text")
    .attr("x", (PLOT.left + PLOT.w) / 2)
    .attr("y", PLOT.h - 6)
    .attr("text-anchor", "middle")
    .text("false marks per image");
  svg
    .append("text")
    .attr("transform", `translate(11 ${PLOT.h / 2 - 12}) rotate(-90)`)
    .attr("text-anchor", "middle")
    .text("sensitivity");
  const line = d3
    .line()
    .x(i => across(i[0]))
    .y(i => upward(i[1]))
    .curve(d3.curveStepAfter);
  for (const one of detectors) {
    const corners = d3.zip(one.curve.false, one.curve.sensitivity).filter(([rate]) => rate <= PLOT.high);
    const last = corners[corners.length - 1] || [0, 0];
    svg
      .append("path")
      .attr("d", line([...corners, [PLOT.high, last[1]]]))
      .attr("class", "curve")
      .attr("stroke", DETECTOR_COLOUR[one.d])
      .attr("stroke-dasharray", one.d ? "6 3" : null);
    svg
      .append(one.d ? "rect" : "circle")
      .attr("class", "point")
      .attr("data-detector", one.d)
      .attr("fill", DETECTOR_COLOUR[one.d]);
  }
  const ask = event => {
    const [x] = d3.pointer(event, svg.node()),
      wanted = across.invert(Math.min(Math.max(x, PLOT.left), PLOT.w - PLOT.right));
    go(Object.fromEntries(detectors.map(one => [`s${one.d}`, scoreText(one, one.cornerOfRate(wanted))])));
  };
  svg.call(d3.drag().on("start drag", event => ask(event.sourceEvent)));
  return svg.node();
}
const scoreText = (one, corner) => {
  const t = one.curve.threshold[corner];
  return t === null ? "none" : String(t);
};

// one panel for both the list and the desk: it moves to where it is looked at
function detectorPanel() {
  const panel = el("detectors");
  panel.hidden = !detectors.length;
  if (!detectors.length) return;
  panel.querySelector("#plot").append(plot());
  for (const one of detectors) {
    const slider = make("input", {
      type: "range",
      min: "0",
      max: String(one.curve.threshold.length - 1),
      step: "1",
      id: `score${one.d}`,
      "aria-describedby": `sentence${one.d}`,
    });
    slider.oninput = () => go({ [`s${one.d}`]: scoreText(one, Number(slider.value)) });
    const name = detectors.length > 1 ? `${one.letter}, ${one.name}` : one.name;
    el("sliders").append(
      make(
        "div",
        { class: "slider" },
        make("label", { for: `score${one.d}` }, make("i", { class: "swatch swatch" + one.d }), name),
        slider,
        make("p", { id: `sentence${one.d}` }),
        one.left_out ? make("p", {}, `${one.left_out} marks of the lowest scores are left out`) : null,
      ),
    );
  }
}

function showDetectors() {
  for (const one of detectors) {
    const { false: rate, sensitivity } = one.point,
      point = d3.select(`#froc .point[data-detector="${one.d}"]`),
      x = across(Math.max(rate, PLOT.low)),
      y = upward(sensitivity);
    if (one.d)
      point
        .attr("x", x - 6)
        .attr("y", y - 6)
        .attr("width", 12)
        .attr("height", 12);
    else point.attr("cx", x).attr("cy", y).attr("r", 7);
    const slider = el(`score${one.d}`);
    slider.value = String(one.corner);
    slider.setAttribute("aria-valuetext", one.sentence);
    el(`sentence${one.d}`).textContent = one.sentence;
  }
  const rows = detectors.flatMap(one => {
    const most = d3.max(one.causes, ([, count]) => count) || 1;
    return one.causes.slice(0, 12).map(([cause, count]) => {
      const button = make("button", { class: "cause" }, words(cause));
      button.onclick = () => go({ image: "", finding: "", list: "marks", marks: `false${one.d}`, cause }, true);
      const bar = make("i", { class: "bar swatch" + one.d });
      bar.style.width = `${Math.max((100 * count) / most, 1)}%`;
      return make(
        "tr",
        {},
        detectors.length > 1 ? make("th", { scope: "row" }, one.letter) : null,
        make("td", {}, button),
        make("td", { class: "count" }, String(count)),
        make("td", { class: "bars" }, bar),
      );
    });
  });
  el("causes").replaceChildren(
    ...(rows.length ? rows : [make("tr", {}, make("td", {}, "no false mark at this score"))]),
  );
}
