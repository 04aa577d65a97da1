// What happens, the latest first; a filter by kind and by words. It is no live region, as a busy
// hub has hundreds of events in a second: changes of the mesh are said by main.js.

import { byId, element, write } from "./elements.js";
import { kindOf, sentence } from "./sentences.js";
import { clock, many } from "./text.js";

const KEPT = 1000;
const SHOWN = 200;
const KINDS = { mesh: "mesh", clients: "client", trouble: "trouble" };

export class Events {
  #list = byId("event-list");
  #all = []; // the latest last
  #waiting = 0; // came while the list was held
  #isHeld = false;

  #nameOf;

  /** `nameOf` gives the name of a hub by its id. */
  constructor(nameOf) {
    this.#nameOf = nameOf;
    for (const input of document.querySelectorAll("#events input")) {
      input.addEventListener("input", () => this.#show());
    }
    byId("hold").addEventListener("click", () => this.#hold(!this.#isHeld));
  }

  /** Take events as they come; after a break, the server tells some of them again. */
  add({ events, missed }, isFirst) {
    if (isFirst) this.#all.length = 0;
    if (missed) this.#note(events[0]?.time ?? Date.now(), missed);
    for (const event of events) {
      const text = sentence(event, this.#nameOf);
      this.#all.push({ time: event.time, kind: kindOf(event), name: event.event, text });
    }
    this.#all.splice(0, Math.max(0, this.#all.length - KEPT));
    if (this.#isHeld) {
      this.#waiting += events.length;
      this.#sayHeld();
    } else if (events.length || isFirst) {
      this.#show();
    }
  }

  #note(time, missed) {
    const text = `${many(missed, "event")} more than could be shown`;
    this.#all.push({ time, kind: "trouble", name: "", text });
  }

  #hold(isHeld) {
    this.#isHeld = isHeld;
    this.#waiting = 0;
    byId("hold").setAttribute("aria-pressed", String(isHeld));
    this.#sayHeld();
    if (!isHeld) this.#show();
  }

  #sayHeld() {
    write(byId("hold"), this.#isHeld && this.#waiting ? `Hold (${this.#waiting} wait)` : "Hold");
  }

  #show() {
    const words = byId("find-event").value.trim().toLowerCase();
    const kinds = new Set(
      [...document.querySelectorAll("#events input[type=checkbox]:checked")].map((box) => box.value),
    );
    const fits = (event) =>
      kinds.has(event.kind) && `${event.name} ${event.text}`.toLowerCase().includes(words);
    const found = this.#all.filter(fits);
    const lines = found.slice(-SHOWN).reverse().map(line);
    this.#list.replaceChildren(...lines);
    const isCut = found.length > SHOWN ? `the latest ${SHOWN} of ` : "";
    write(byId("event-count"), `${isCut}${many(found.length, "event")}`);
    byId("no-event").hidden = found.length > 0;
  }
}

function line(event) {
  const time = element("time", { datetime: new Date(event.time).toISOString() }, clock(event.time));
  const kind = element("span", { class: `kind ${event.kind}` }, KINDS[event.kind]);
  return element("li", {}, time, kind, element("span", { class: "what" }, event.text));
}
