// Detectors: which mark hits, which is false, what is found and missed at the score asked for.

const FATES = ["hit", "false", "ignored"];

class Detector {
  constructor(packed, d) {
    Object.assign(this, packed);
    this.d = d;
    this.letter = "AB"[d];
    const marks = this.marks,
      lesions = this.lesions;
    this.marksFrom = byImage(marks.image, marks.image.length);
    this.cause = i => marks.cause.words[marks.cause.codes[i]];
    this.ratings = new Map();
    lesions.finding.forEach((row, i) => {
      if (row < 0) return;
      if (!this.ratings.has(row)) this.ratings.set(row, []);
      this.ratings.get(row).push(lesions.rating[i] === null ? -Infinity : lesions.rating[i]);
    });
    this.usual = this.cornerAt(this.start === null ? Infinity : this.start);
    this.corner = this.usual;
  }
  // the loosest corner of the curve whose score is not below this one
  cornerAt(score) {
    const at = d3.bisector((a, b) => b - (a === null ? Infinity : a)).right(this.curve.threshold, score) - 1;
    return Math.max(at, 0);
  }
  // the loosest corner that has no more false marks an image
  cornerOfRate(rate) {
    return Math.max(d3.bisectRight(this.curve.false, rate * (1 + 1e-9)) - 1, 0);
  }
  get threshold() {
    const t = this.curve.threshold[this.corner];
    return t === null ? Infinity : t;
  }
  marksOf(n) {
    return d3.range(this.marksFrom[n], this.marksFrom[n + 1]);
  }
  shown(i) {
    return this.marks.score[i] >= this.threshold;
  }
  fate(i) {
    return FATES[this.marks.fate[i]];
  }
  // how many of a finding's lesions count, and how many are found
  found(row) {
    const all = this.ratings.get(row) || [],
      t = this.threshold;
    return { all: all.length, hit: all.reduce((sum, rating) => sum + (rating >= t), 0) };
  }
  missed(row) {
    const { all, hit } = this.found(row);
    return all > 0 && hit === 0;
  }
  hits(row) {
    return this.found(row).hit > 0;
  }
  // per image: false marks, findings hit and missed
  get counts() {
    if (this.counted === this.corner) return this.tally;
    const tally = {
      false: new Int32Array(images.length),
      hit: new Int32Array(images.length),
      missed: new Int32Array(images.length),
    };
    const { image, fate } = this.marks;
    for (let i = 0; i < image.length; i++) if (fate[i] === 1 && this.shown(i)) tally.false[image[i]]++;
    for (const row of this.ratings.keys()) tally[this.hits(row) ? "hit" : "missed"][findings.get("image", row)]++;
    this.counted = this.corner;
    return (this.tally = tally);
  }
  // causes of the false marks shown, the commonest first
  get causes() {
    const counts = new Map(),
      { image, fate } = this.marks;
    for (let i = 0; i < image.length; i++)
      if (fate[i] === 1 && this.shown(i)) counts.set(this.cause(i), (counts.get(this.cause(i)) || 0) + 1);
    return d3.sort(counts, ([, count]) => -count);
  }
  get point() {
    return { false: this.curve.false[this.corner], sensitivity: this.curve.sensitivity[this.corner] };
  }
  get sentence() {
    const { false: rate, sensitivity } = this.point,
      score = this.threshold === Infinity ? "above every score" : `score ≥ ${number(this.threshold)}`;
    return `${score}: finds ${Math.round(100 * sensitivity)} % of ${this.lesion} at ${rate.toFixed(rate < 0.095 ? 2 : 1)} false marks an image`;
  }
}
const detectors = index.detectors.map((packed, d) => new Detector(packed, d));

// what "marks" in the filters may ask for: of a detector alone, and of one against the other
const MARK_FILTERS = [];
for (const one of detectors) {
  const name = detectors.length > 1 ? ` by ${one.letter}` : "";
  MARK_FILTERS.push(
    [`missed${one.d}`, `missed${name}`],
    [`hit${one.d}`, `hit${name}`],
    [`false${one.d}`, `false marks${name}`],
  );
}
if (detectors.length > 1)
  MARK_FILTERS.push(
    ["hit0-missed1", "A hits, B misses"],
    ["missed0-hit1", "B hits, A misses"],
    ["missed0-missed1", "both miss"],
  );

const asks = what =>
  (what || "")
    .split("-")
    .filter(Boolean)
    .map(word => [word.slice(0, -1), detectors[Number(word.slice(-1))]])
    .filter(([, one]) => one);
const findingPasses = (row, what) =>
  asks(what).every(([fate, one]) => (fate === "hit" ? one.hits(row) : fate === "missed" ? one.missed(row) : true));
const imagePasses = (n, what) => {
  const wanted = asks(what);
  if (wanted.some(([fate, one]) => fate === "false" && !one.counts.false[n])) return false;
  return wanted.every(([fate]) => fate === "false") || findingsOf(n).some(row => findingPasses(row, what));
};
