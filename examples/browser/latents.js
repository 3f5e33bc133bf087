// Latent vectors: drawn from a seed, and walks between them.

/**
 * Draws standard normal numbers; the same seed always gives the same ones.
 *
 * They are not those of `python -m tf_dcgan sample`, whose numbers come from
 * TensorFlow.
 *
 * @param {number} seed a whole number.
 * @param {number} length how many numbers.
 * @return {Float32Array}
 */
export function standardNormal(seed, length) {
  const uniform = mulberry32(seed);
  return Float32Array.from({ length }, () => {
    // Box and Muller 1958; 1 - x is never 0.
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    return radius * Math.cos(2 * Math.PI * uniform());
  });
}

/**
 * Turns from one vector to another at an even speed.
 *
 * The length changes linearly, so that the way stays where standard normal
 * vectors lie. Shoemake 1985; White 2016 (arXiv:1609.04468).
 *
 * @param {Float32Array} start
 * @param {Float32Array} end neither of the same nor of opposite direction.
 * @param {number} share of the way, in [0, 1].
 * @return {Float32Array}
 */
export function spherical(start, end, share) {
  const lengths = [length(start), length(end)];
  let product = 0;
  start.forEach((value, place) => (product += value * end[place]));
  const cosine = product / (lengths[0] * lengths[1]);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  const scale = lengths[0] + share * (lengths[1] - lengths[0]);
  const [first, last] = [(1 - share) * angle, share * angle].map(
    (part) => (Math.sin(part) / Math.sin(angle)) * scale,
  );
  return start.map(
    (value, place) =>
      (first * value) / lengths[0] + (last * end[place]) / lengths[1],
  );
}

function length(vector) {
  let squares = 0;
  vector.forEach((value) => (squares += value * value));
  return Math.sqrt(squares);
}

/** A generator of uniform numbers in [0, 1) by Tommy Ettinger, 2017. */
function mulberry32(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
