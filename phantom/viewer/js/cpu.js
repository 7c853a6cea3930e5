// The same without WebGL: each pixel of the screen is worked out from the level that suits it.

class CpuRenderer {
  constructor(canvas) {
    this.canvas = canvas;
    this.ink = canvas.getContext("2d", { alpha: false, willReadFrequently: true });
  }
  forget() {}
  forgetKept() {}
  begin(width, height) {
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    this.ink.fillStyle = "#000";
    this.ink.fillRect(0, 0, width, height);
  }
  draw(image, part, origin, scale, tone, lens = null) {
    const { depth, texels } = levelFor(image.levels, scale),
      level = image.levels[depth],
      { low, span } = windowOf(tone);
    const last = [part[0] + part[2], part[1] + part[3]],
      sizes = [level.columns, level.rows];
    const from = [0, 1].map(i =>
      Math.max(part[i], Math.ceil(origin[i] - 0.5), lens ? Math.floor(lens[i] - lens[2]) : 0),
    );
    const to = [0, 1].map(i =>
      Math.min(last[i], Math.floor(origin[i] + sizes[i] / texels), lens ? Math.ceil(lens[i] + lens[2]) : Infinity),
    );
    if (to[0] <= from[0] || to[1] <= from[1]) return;
    const out = lens
      ? this.ink.getImageData(from[0], from[1], to[0] - from[0], to[1] - from[1])
      : new ImageData(to[0] - from[0], to[1] - from[1]);
    const ink = new Uint32Array(out.data.buffer),
      [across, down] = [0, 1].map(i => taps(from[i], to[i], origin[i], texels, sizes[i], tone.sharp));
    for (let y = from[1], i = 0; y < to[1]; y++) {
      const j = 3 * (y - from[1]);
      for (let x = from[0]; x < to[0]; x++, i++) {
        if (lens && Math.hypot(x + 0.5 - lens[0], y + 0.5 - lens[1]) > lens[2]) continue;
        const k = 3 * (x - from[0]);
        let v = 0;
        for (let b = 0; b < 3; b++) {
          const line = down.place[j + b] * sizes[0],
            share = down.share[j + b];
          if (share)
            for (let a = 0; a < 3; a++) v += share * across.share[k + a] * level.data[line + across.place[k + a]];
        }
        const grey = Math.round(255 * Math.min(Math.max((v - low) / span, 0), 1)),
          shown = tone.invert ? 255 - grey : grey;
        ink[i] = 0xff000000 | (shown << 16) | (shown << 8) | shown;
      }
    }
    this.ink.putImageData(out, from[0], from[1]);
  }
  grey(x, y) {
    return this.ink.getImageData(x, y, 1, 1).data[0];
  }
}

// for each pixel of the screen from `from` to `to`, the three texels it is made of along one axis, and their shares
function taps(from, to, origin, texels, size, sharp) {
  const place = new Int32Array(3 * (to - from)),
    share = new Float32Array(place.length);
  for (let s = from, i = 0; s < to; s++, i += 3) {
    const c = (s + 0.5 - origin) * texels,
      side = texels >= 1 ? texels : sharp ? 0 : 1;
    const a = c - side / 2,
      first = Math.floor(a);
    for (let t = 0; t < 3; t++) {
      place[i + t] = Math.min(Math.max(first + t, 0), size - 1);
      share[i + t] = side
        ? Math.max(Math.min(a + side, first + t + 1) - Math.max(a, first + t), 0) / side
        : t === 0
          ? 1
          : 0;
    }
  }
  return { place, share };
}
