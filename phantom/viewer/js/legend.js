// What the shapes and colours over an image mean.

function legendItems() {
  const ink = (draw, text) => {
    const canvas = make("canvas", { width: 56, height: 44, "aria-hidden": "true" }),
      c = canvas.getContext("2d");
    c.scale(2, 2);
    draw(c);
    return make("li", {}, canvas, text);
  };
  const blob = colour => c => {
    c.strokeStyle = colour;
    c.lineWidth = 1.5;
    c.beginPath();
    c.ellipse(14, 11, 9, 6, 0.4, 0, 7);
    c.stroke();
  };
  const frame = (colour, dash) => c => {
    c.strokeStyle = colour;
    c.lineWidth = 1.5;
    c.setLineDash(dash);
    c.strokeRect(3, 3, 22, 16);
  };
  const items = [
    ...["suspicious", "benign", "artefact"].map(name => ink(blob(COLOUR[name]), `calcification of a finding: ${name}`)),
    ink(frame(COLOUR.frame, [3, 3]), "a finding"),
    ink(frame(COLOUR.lit, []), "the finding pinned"),
  ];
  for (const one of detectors) {
    const of = detectors.length > 1 ? `${one.letter}, ${one.name}: ` : "";
    items.push(
      ...[
        ["hit", "hit"],
        ["false", "false mark"],
        ["ignored", "mark that does not count"],
      ].map(([fate, text]) => ink(c => drawSymbol(c, one.d, fate, 14, 11, 8), of + text)),
    );
  }
  if (detectors.length) items.push(ink(frame(COLOUR.missed, [9, 4]), "a finding missed"));
  return items;
}

function legend() {
  for (const list of document.querySelectorAll(".legend")) list.replaceChildren(...legendItems());
}
