// What the page is made of. Text is only ever set as text.

export const byId = (id) => document.getElementById(id);

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export function row(...cells) {
  return element('tr', {}, ...cells.map((text) => element('td', { textContent: text })));
}
