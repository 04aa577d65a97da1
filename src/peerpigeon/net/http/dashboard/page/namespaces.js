// The namespaces with most clients at this hub.

import { byId, element, write } from "./elements.js";
import { count, many, plain } from "./text.js";

export class Namespaces {
  #body = byId("namespace-rows");
  #rows = [];

  show(figures) {
    const { largest, namespaces } = figures;
    byId("namespaces-hidden").hidden = largest !== null;
    byId("namespaces-table").hidden = largest === null;
    if (largest === null) return;
    const most = Math.max(1, ...largest.map(([, clients]) => clients));
    while (this.#rows.length < largest.length) this.#rows.push(this.#add());
    for (const row of this.#rows.splice(largest.length)) row.line.remove();
    largest.forEach(([name, clients, members], index) => {
      const row = this.#rows[index];
      write(row.name, plain(name, 80) || "(no name)");
      write(row.clients, count(clients));
      row.bar.style.width = `${(100 * clients) / most}%`;
      write(row.members, members === null ? "unknown" : count(members));
      row.members.classList.toggle("soft", members === null);
    });
    byId("no-namespace").hidden = namespaces > 0;
    const rest = namespaces - largest.length;
    byId("more-namespaces").hidden = rest <= 0;
    write(byId("more-namespaces"), `and ${many(rest, "smaller one")}`);
  }

  #add() {
    const row = { name: element("th", { scope: "row" }), members: element("td") };
    row.bar = element("span", { class: "bar" });
    row.clients = element("span");
    const clients = element("td", { class: "size" }, row.clients, element("span", { class: "track" }, row.bar));
    row.line = element("tr", {}, row.name, clients, row.members);
    this.#body.append(row.line);
    return row;
  }
}
