// Elements are made here, and get text alone: nothing that anybody says becomes markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export const element = (name, attributes = {}, ...children) =>
  fill(document.createElement(name), attributes, children);

export const shape = (name, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, name), attributes, children);

export const byId = (id) => document.getElementById(id);

/** Write a text where another one stands; what stays the same is not touched. */
export function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** Return what the style sheet says a variable is. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
