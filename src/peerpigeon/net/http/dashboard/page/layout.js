// Where the hubs are drawn: forces find places for them, and those that have one hardly move.

/* global d3 */

const TIME = 10; // milliseconds of a picture that may go into finding places
const STILL = 0.02; // of the heat, below which nothing moves that an eye would see

export class Layout {
  #simulation;
  #frame = 0;
  #draw;
  #mayMove = matchMedia("(prefers-reduced-motion: no-preference)");

  constructor(draw) {
    this.#draw = draw;
    this.#simulation = d3.forceSimulation().stop().alphaDecay(0.035);
  }

  /** Find places for nodes that are drawn in an area `width` to `height`. */
  arrange(nodes, links, { width, height, isLarge, isNew }) {
    const spread = isLarge ? 1 : Math.min(2.2, Math.max(0.5, width / height));
    const distance = isLarge ? 24 : 110;
    const own = (node) => (node.isOwn ? 0.06 : 0.03);
    this.#simulation
      .nodes(nodes)
      .force("links", d3.forceLink(links).distance(distance).strength(isLarge ? 0.15 : 0.25))
      .force("apart", d3.forceManyBody().strength(isLarge ? -30 : -420).theta(isLarge ? 1.2 : 0.9))
      .force("room", isLarge ? null : d3.forceCollide(46).strength(0.7))
      .force("x", d3.forceX().strength((node) => own(node) / spread))
      .force("y", d3.forceY().strength((node) => own(node) * spread))
      .alpha(isNew ? 1 : Math.max(0.3, this.#simulation.alpha()));
    if (isNew && !isLarge) this.#simulation.tick(160);
    this.#run();
  }

  #run() {
    if (!this.#mayMove.matches) {
      const until = performance.now() + 20 * TIME;
      while (this.#simulation.alpha() > STILL && performance.now() < until) this.#simulation.tick();
      this.#draw();
      return;
    }
    cancelAnimationFrame(this.#frame);
    const step = () => {
      const until = performance.now() + TIME;
      do this.#simulation.tick();
      while (performance.now() < until && this.#simulation.nodes().length > 60);
      this.#draw();
      if (this.#simulation.alpha() > STILL) this.#frame = requestAnimationFrame(step);
    };
    this.#frame = requestAnimationFrame(step);
  }
}
