// Names beside their hubs, none over another one: where there is no room, one is left out.

const LETTER = 7.6; // pixels that a letter takes, generously
const HEIGHT = 15;

export class Labels {
  #taken; // [left, top, right, bottom]
  #size;

  /** `dots` are the places of all hubs, x and y and the radius, that no name may hide. */
  constructor(size, dots) {
    this.#size = size;
    this.#taken = dots.map(([x, y, r]) => [x - r, y - r, x + r, y + r]);
  }

  /**
   * Return how far above (less than 0) or below a hub at x, y the line of its name is, whose edge is
   * `reach` away; `null` if there is no room for so many letters, unless it has to be there.
   */
  place(letters, x, y, reach, isNeeded) {
    if (letters === 0) return 0;
    const half = (letters * LETTER) / 2;
    const above = -reach;
    const below = reach + 10;
    // On the side where fewer links are.
    const sides = y < this.#size.height / 2 - 10 ? [above, below] : [below, above];
    for (const line of sides) {
      const bottom = y + line + 3;
      const box = [x - half, bottom - HEIGHT, x + half, bottom];
      if (this.#taken.every((other) => isApart(box, other))) {
        this.#taken.push(box);
        return line;
      }
    }
    return isNeeded ? sides[0] : null;
  }
}

const isApart = ([left, top, right, bottom], other) =>
  left >= other[2] || right <= other[0] || top >= other[3] || bottom <= other[1];
